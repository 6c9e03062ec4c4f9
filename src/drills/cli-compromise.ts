import { setTimeout as wait } from 'node:timers/promises';
import type { Context, Terminal } from '../cli/context.ts';
import { CommandFailure, EXIT, usageFailure } from '../cli/failure.ts';
import { refuseExisting, writeNewFile } from '../cli/new-files.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { proposalIn, show, showPlainly } from '../cli/show.ts';
import { DRILL_ISSUER } from '../kernel/issuance.ts';
import type { ScopeWithKeysAnswer } from '../keys/cli-scope-output.ts';
import { describeDrill } from './cli-output.ts';
import type { DrillAnswer } from './routes.ts';

type Keys = ScopeWithKeysAnswer['keys'];

interface Step {
  readonly name: string;
  /** From the beginning of the drill; null where it was not seen in time. */
  readonly tookMs: number | null;
}

const POLL_MS = 100;

/** What must be seen after the call, in whatever order. */
const EXPECTED: Readonly<Record<string, (keys: Keys, kid: string) => boolean>> = {
  'nothing of the key is accepted': (keys, kid) => keyOf(keys, kid)?.state === 'compromised',
  'the standby signs': (keys, kid) => keys.some((key) => key.state === 'active' && key.kid !== kid),
  'there is a new standby': (keys) => keys.some(({ state }) => state === 'pre_activation'),
  'the private half is gone from the HSM': (keys, kid) =>
    (keyOf(keys, kid)?.private_half_destroyed_at ?? null) !== null,
};

interface DrillOptions {
  readonly scope: string;
  readonly timeout: number;
  /** The file of the report; it must not exist. */
  readonly out?: string;
}

/** The whole emergency, on a scope that serves nobody and with a real key; each step timed, and written down. */
export async function drillCompromise(
  context: Context,
  { scope: id, timeout, out }: DrillOptions,
): Promise<void> {
  if (out !== undefined) refuseExisting(out);
  const call = await connect(context);
  const path = `/scopes/${encodeURIComponent(id)}`;
  const found = await drillScope(call, path, id);
  if (proposalIn(found)) {
    show(context, found, () => '');
    return;
  }
  const steps = await rehearse(call, path, readyKey(found), timeout, context.terminal.progress);
  const missed = steps.filter(({ tookMs }) => tookMs === null).map(({ name }) => name);
  const answer = await call<{ drill: DrillAnswer }>('POST', '/drills', {
    drill: 'compromise',
    scope: id,
    passed: missed.length === 0,
    steps: steps.map(({ name, tookMs }) => ({ name, took_ms: tookMs ?? timeout * 1_000 })),
  });
  if (out !== undefined) writeNewFile(out, `${JSON.stringify(answer.drill, null, 2)}\n`);
  showPlainly(context, answer, () => describeDrill(answer.drill, context));
  if (missed.length === 0) return;
  throw new CommandFailure(EXIT.failed, 'drill_failed', `not within ${timeout} s: ${missed.join(', ')}`);
}

/** Made where it is missing, which takes two persons. A scope that could serve somebody is refused. */
async function drillScope(call: CallService, path: string, id: string): Promise<ScopeWithKeysAnswer> {
  const found = await call<ScopeWithKeysAnswer>('GET', path).catch((error: unknown) => {
    if (!(error instanceof CommandFailure) || error.code !== 'unknown_scope') throw error;
    return call<ScopeWithKeysAnswer>('POST', '/scopes', { id, issuer: DRILL_ISSUER, audience: id });
  });
  if (proposalIn(found) || found.scope.issuer === DRILL_ISSUER) return found;
  throw usageFailure(
    `${id} is a scope of ${found.scope.issuer}; a drill compromises keys of ${DRILL_ISSUER} alone`,
  );
}

function readyKey({ scope, keys }: ScopeWithKeysAnswer): string {
  const active = keys.find(({ state }) => state === 'active');
  if (active && keys.some(({ state }) => state === 'pre_activation')) return active.kid;
  throw new CommandFailure(
    EXIT.failed,
    'not_ready',
    `${scope.id} lacks a key or its standby; try again shortly`,
  );
}

async function rehearse(
  call: CallService,
  path: string,
  kid: string,
  timeout: number,
  progress: Terminal['progress'],
) {
  const began = performance.now();
  const sinceThen = () => Math.round(performance.now() - began);
  await call('POST', `/keys/${encodeURIComponent(kid)}/compromise`, { reason: 'drill' });
  const steps: Step[] = [{ name: 'the call is answered', tookMs: sinceThen() }];
  const waiting = new Map(Object.entries(EXPECTED));
  while (waiting.size > 0 && sinceThen() < timeout * 1_000) {
    const { keys } = await call<ScopeWithKeysAnswer>('GET', path);
    for (const [name, isSeen] of waiting) {
      if (!isSeen(keys, kid)) continue;
      steps.push({ name, tookMs: sinceThen() });
      waiting.delete(name);
    }
    if (waiting.size === 0) break;
    progress?.(`waiting until ${[...waiting.keys()].join(', and ')}: ${Math.round(sinceThen() / 1_000)} s`);
    await wait(POLL_MS);
  }
  progress?.('');
  return [...steps, ...[...waiting.keys()].map((name) => ({ name, tookMs: null }))];
}

function keyOf(keys: Keys, kid: string) {
  return keys.find((key) => key.kid === kid);
}
