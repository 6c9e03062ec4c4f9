import { setTimeout as after } from 'node:timers/promises';
import { KeywardError } from '../kernel/errors.ts';
import type { KeyUse, KeyUseReader } from '../kernel/issuance.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { VerifierDirectory } from '../kernel/publication.ts';
import { dropOldest } from '../lib/recent-set.ts';
import type { CompromiseReports } from './key-administration.ts';
import type { KeyRingKeeper } from './key-ring.ts';

interface CompromiseReportDeps {
  readonly keyRing: KeyRingKeeper;
  readonly keyUse: KeyUseReader;
  readonly verifiers: Pick<VerifierDirectory, 'obedience'>;
  /** What could not be counted; the report goes without it. */
  readonly onFailure: (error: unknown, kid: string) => void;
}

/** Keys of which is kept what is of a past instant, and changes no more. */
const REMEMBERED = 64;

export function createCompromiseReports({
  keyRing,
  keyUse,
  verifiers,
  onFailure,
}: CompromiseReportDeps): CompromiseReports {
  const counted = new Map<string, Promise<KeyUse | null>>();
  /** Of the key set as it was when the report was first asked for: with the declaration, or after a start. */
  const versions = new Map<string, number>();

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
    remember(counted, key.kid, counting);
    return counting;
  };

  const versionWithout = ({ kid, scopeId }: SigningKey): number => {
    const version = versions.get(kid) ?? keyRing.scope(scopeId)?.keySetVersion ?? 0;
    if (!versions.has(kid)) remember(versions, kid, version);
    return version;
  };

  return {
    async report(kid, withinMs) {
      const key = keyRing.knownKey(kid)?.key;
      if (!key)
        throw new KeywardError('unknown_key', `there is no key ${kid}; list them to see which there are`);
      const at = key.times.compromised;
      if (at === null) throw new KeywardError('transition_forbidden', `key ${kid} is not compromised`);
      const keySetVersion = versionWithout(key);
      const late = new AbortController();
      const waiting = after(withinMs, null, { signal: late.signal, ref: false }).catch(() => null);
      const use = await Promise.race([useOf(key, at), waiting]);
      late.abort();
      const neighbours = neighboursOf(key, keyRing);
      const obedience = verifiers.obedience(key.scopeId, keySetVersion);
      return { key, use, neighbours, keySetVersion, verifiers: obedience };
    },
  };
}

function remember<T>(all: Map<string, T>, kid: string, value: T): void {
  all.set(kid, value);
  dropOldest(all, REMEMBERED);
}

function neighboursOf({ kid, hsmToken }: SigningKey, keyRing: KeyRingKeeper): readonly SigningKey[] {
  return keyRing
    .scopes()
    .flatMap(({ id }) => keyRing.scopeKeys(id)?.keys ?? [])
    .filter((key) => key.kid !== kid && key.hsmToken === hsmToken && key.times.privateKeyDestroyed === null);
}
