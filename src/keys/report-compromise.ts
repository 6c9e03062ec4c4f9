import { setTimeout as after } from 'node:timers/promises';
import type { CompromiseReports } from '../domain/compromise-report.ts';
import { KeywardError } from '../domain/errors.ts';
import type { SigningKey } from '../domain/key.ts';
import type { KeyUse, KeyUseReader } from '../domain/key-use.ts';
import type { KeyRingKeeper } from './key-ring.ts';

export interface CompromiseReportParts {
  readonly keyRing: KeyRingKeeper;
  readonly keyUse: KeyUseReader;
  /** What could not be counted; the report goes without it. */
  readonly onFailure: (error: unknown, kid: string) => void;
}

/** Keys whose use is kept once it is counted: it is of a past instant, and changes no more. */
const REMEMBERED = 64;

export function createCompromiseReports({
  keyRing,
  keyUse,
  onFailure,
}: CompromiseReportParts): CompromiseReports {
  const counted = new Map<string, Promise<KeyUse | null>>();

  const useOf = (key: SigningKey, at: number): Promise<KeyUse | null> => {
    const known = counted.get(key.kid);
    if (known) return known;
    const question = {
      kid: key.kid,
      at,
      since: key.signFrom ?? key.publishedAt,
      longestTtlSeconds: key.binding.maxTtlSeconds,
    };
    const counting = keyUse.use(question).catch((error: unknown) => {
      counted.delete(key.kid);
      onFailure(error, key.kid);
      return null;
    });
    counted.set(key.kid, counting);
    const [oldest] = counted.keys();
    if (counted.size > REMEMBERED && oldest !== undefined) counted.delete(oldest);
    return counting;
  };

  return {
    async report(kid, withinMs) {
      const key = keyRing.knownKey(kid)?.key;
      if (!key)
        throw new KeywardError('unknown_key', `there is no key ${kid}; list them to see which there are`);
      const at = key.times.compromised;
      if (at === null) throw new KeywardError('transition_forbidden', `key ${kid} is not compromised`);
      const late = new AbortController();
      const waiting = after(withinMs, null, { signal: late.signal, ref: false }).catch(() => null);
      const use = await Promise.race([useOf(key, at), waiting]);
      late.abort();
      return { key, use, neighbours: neighboursOf(key, keyRing) };
    },
  };
}

function neighboursOf({ kid }: SigningKey, keyRing: KeyRingKeeper): readonly SigningKey[] {
  return keyRing
    .scopes()
    .flatMap(({ id }) => keyRing.scopeKeys(id)?.keys ?? [])
    .filter((key) => key.kid !== kid && key.times.privateHalfDestroyed === null);
}
