import type { CanaryAlarm, CanaryUse } from '../../domain/canary.ts';
import type { Presenter } from '../../domain/presenter.ts';
import type { Sightings } from '../../domain/sightings.ts';
import type { TokenVerifier } from '../../domain/verification.ts';
import type { CanaryBook } from './canary-book.ts';
import { digestOfToken } from './digest-of-token.ts';

/**
 * Every token is looked up while it is verified, whatever becomes of it: a decoy goes on to alarm when it has long
 * expired, and with the ledger away. No verdict is another for it.
 */
export function watchVerifier(next: TokenVerifier, book: CanaryBook, alarm: CanaryAlarm): TokenVerifier {
  return {
    verify(scopeId, presented, by) {
      const verdict = next.verify(scopeId, presented, by);
      const canary = typeof presented === 'string' && book.ofDigest(digestOfToken(presented));
      if (canary) alarm.touched(canary, touchBy(by?.through ?? 'verify', by));
      return verdict;
    },
  };
}

/** A decoy that a relying service tells of is one that it accepted. */
export function watchSightings(next: Sightings, book: CanaryBook, alarm: CanaryAlarm): Sightings {
  return {
    unknown(scopeId, sightings, by) {
      const unknown = next.unknown(scopeId, sightings, by);
      for (const { digest } of sightings) {
        const canary = book.ofDigest(digest);
        if (canary) alarm.touched(canary, touchBy('sighting', by));
      }
      return unknown;
    },
  };
}

export function touchBy(use: CanaryUse, by: Presenter | undefined) {
  return {
    use,
    caller: by ? `client:${by.clientId}` : null,
    remote: by?.remote,
    requestId: by?.requestId ?? null,
  };
}
