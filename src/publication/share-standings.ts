import { z } from 'zod';
import type { FrontNotes } from '../kernel/registry.ts';
import type { SharedVerifiers, ToldStanding } from './verifier-directory.ts';

/** So often it is told again although nothing changed: the database forgets it at a failover. */
const AGAIN_MS = 30_000;

const note = z.object({
  verifiers: z.array(
    z.tuple([
      z.string(),
      z.string(),
      z.string(),
      z.number().nullable(),
      z.int().min(0),
      z.number().min(0).nullable(),
      z.int(),
    ]),
  ),
});

/** Tells other fronts which verifiers this one knows, and learns theirs. To be called again and again. */
export function shareStandings(
  notes: FrontNotes,
  verifiers: SharedVerifiers,
  monotonicMs = () => performance.now(),
): () => Promise<void> {
  let last = { text: textOf([]), postedAt: monotonicMs() };
  return async () => {
    const text = textOf(verifiers.told());
    if (text !== last.text || monotonicMs() - last.postedAt >= AGAIN_MS) {
      await notes.post(text);
      last = { text, postedAt: monotonicMs() };
    }
    const told = [...(await notes.read()).values()];
    verifiers.follow(told.flatMap(standingsIn));
  };
}

function textOf(told: readonly ToldStanding[]): string {
  const verifiers = told.map(
    ({ scopeId, clientId, instance, connectedSince, version, tookMs, lastSeen }) =>
      [scopeId, clientId, instance, connectedSince, version, tookMs, lastSeen] as const,
  );
  return JSON.stringify({ verifiers });
}

/** None of a front of another version that tells otherwise. */
function standingsIn(text: string): ToldStanding[] {
  const { data } = note.safeParse(JSON.parse(text));
  return (data?.verifiers ?? []).map(
    ([scopeId, clientId, instance, connectedSince, version, tookMs, lastSeen]) => ({
      ...{ scopeId, clientId, instance, connectedSince, version, tookMs, lastSeen },
    }),
  );
}
