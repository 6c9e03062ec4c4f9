import type { CanaryAlarm } from '../kernel/canary.ts';
import type { TokenRevocation } from '../kernel/revocation.ts';
import type { Sightings } from '../domain/sightings.ts';
import type { TokenVerifier, Verdict } from '../domain/verification.ts';
import type { CanaryIndex } from './canary-index.ts';
import type { DecoyKeysInTokens } from '../watch/canaries/decoy-keys-in-tokens.ts';
import { touchBy } from '../watch/canaries/touch-by.ts';

export interface TokenWatchParts {
  readonly book: CanaryIndex;
  readonly alarm: CanaryAlarm;
  readonly decoyKeys: Pick<DecoyKeysInTokens, 'look'>;
  /** What kept a token from being looked at; the answer has been given. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Every token is looked up once there is a verdict, or none: a decoy goes on to alarm when it has long expired, and with
 * the ledger away. No verdict is another for it, and what an alarm sets going takes no time from the verdict's.
 */
export function watchVerifier(next: TokenVerifier, parts: TokenWatchParts): TokenVerifier {
  const { book, alarm, decoyKeys, onFailure } = parts;
  return {
    verify(scopeId, presented, by) {
      const answer = next.verify(scopeId, presented, by);
      const use = by?.through ?? 'verify';
      const look = async (verdict?: Verdict) => {
        const shown = typeof presented === 'string' ? book.shownIn(presented) : [];
        for (const canary of shown) alarm.touched(canary, touchBy(use, by));
        await decoyKeys.look(presented, verdict, use, by);
      };
      answer.then(look, () => look()).catch(onFailure);
      return answer;
    },
  };
}

/** A decoy that a relying service tells of is one that it accepted. */
export function watchSightings(
  next: Sightings,
  { book, alarm, onFailure }: Omit<TokenWatchParts, 'decoyKeys'>,
): Sightings {
  return {
    unknown(scopeId, sightings, by) {
      const unknown = next.unknown(scopeId, sightings, by);
      const look = () => {
        for (const { digest } of sightings) {
          const canary = book.ofDigest(digest);
          if (canary) alarm.touched(canary, touchBy('sighting', by));
        }
      };
      unknown.then(look, look).catch(onFailure);
      return unknown;
    },
  };
}

/** A thief does away with what he cannot use, or tries what he may do. */
export function watchRevocation(
  next: TokenRevocation,
  { book, alarm, onFailure }: Omit<TokenWatchParts, 'decoyKeys'>,
): TokenRevocation {
  return {
    revoke(scopeId, token, actor, remote) {
      const answer = next.revoke(scopeId, token, actor, remote);
      const { operatorId: caller, requestId } = actor;
      const look = () => {
        for (const canary of book.shownIn(token)) {
          alarm.touched(canary, { use: 'revoke', caller, remote, requestId });
        }
      };
      answer.then(look, look).catch(onFailure);
      return answer;
    },
  };
}
