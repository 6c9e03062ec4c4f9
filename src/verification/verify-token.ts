import type { Clock } from '../domain/clock.ts';
import type { ForgeryAlarm } from '../domain/forgery.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { LedgerReader, RecordedToken } from '../domain/ledger.ts';
import { isInGap, type RecordGap } from '../domain/record-gap.ts';
import type { RefusalReason } from '../domain/refusal.ts';
import type { RevocationCheck } from '../domain/revocation.ts';
import type { TokenVerifier, Verdict } from '../domain/verification.ts';
import { digestOf } from '../token/signing-input.ts';
import { createTokenJudge, type GenuineToken } from './judge-token.ts';
import { refusalOfKeyNow } from './key-standing.ts';
import { isOnRecord } from './record-check.ts';

export interface VerifyingParts {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly ledger: LedgerReader;
  readonly revocations: RevocationCheck;
  readonly alarm: ForgeryAlarm;
  /** Where the ledger was put back from an older copy. */
  readonly gaps: readonly RecordGap[];
}

/** An hour less than the shortest `ledger.online_days`: until then the record of an expired token is in reach. */
const REMEMBERED_SECONDS = 23 * 3_600;

/**
 * A right signature says that the key was used, the ledger that the service used it. So every token with a right
 * signature is looked up, those that are refused for their claims too: no honest token lacks its record.
 */
export function createTokenVerifier(parts: VerifyingParts): TokenVerifier {
  const judge = createTokenJudge(parts);
  return {
    async verify(scopeId, presented) {
      const { verdict, genuine } = await judge(scopeId, presented);
      if (!genuine || isForgotten(genuine, parts.clock)) return verdict;
      const digest = digestOf(genuine.token.signingInput);
      const record = await parts.ledger.find(digest, Number(genuine.token.claims.iat));
      if (record === undefined && isRecordLost(parts.gaps, genuine)) {
        return { valid: false, reason: 'record_lost' };
      }
      if (!isOnRecord(genuine, record)) {
        await parts.alarm.forged(asForgery(genuine, digest, record));
        return { valid: false, reason: 'never_issued' };
      }
      return verdict.valid ? judgeAgain(parts, genuine, record, verdict) : verdict;
    },
  };
}

/** Its record may lie in an archive by now; the token itself has long expired. */
function isForgotten({ token }: GenuineToken, clock: Clock): boolean {
  return Number(token.claims.exp) + REMEMBERED_SECONDS < clock.nowSeconds();
}

/** Nobody can tell it from a forgery any more: it is refused, and no key is blamed for it. */
function isRecordLost(gaps: readonly RecordGap[], { scope, key, token }: GenuineToken): boolean {
  return isInGap(gaps, key, Number(token.claims.iat), scope.policy.clockSkewSeconds);
}

function judgeAgain(
  { keyRing, clock, revocations }: VerifyingParts,
  genuine: GenuineToken,
  record: RecordedToken,
  verdict: Verdict,
): Verdict {
  const reason: RefusalReason | undefined =
    refusalOfKeyNow(keyRing, genuine, clock.nowSeconds()) ??
    (revocations.covers(record) ? 'revoked' : undefined);
  return reason === undefined ? verdict : { valid: false, reason };
}

function asForgery({ scope, key, token }: GenuineToken, digest: Buffer, record: RecordedToken | undefined) {
  return { scope, kid: key.kid, digest, header: token.header, claims: token.claims, record };
}
