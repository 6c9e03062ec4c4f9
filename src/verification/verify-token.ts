import type { Activity } from '../kernel/activity.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ForgeryAlarm } from '../domain/forgery.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { LedgerReader, RecordedToken } from '../domain/ledger.ts';
import { isInGap, type RecordGap } from '../kernel/record-gap.ts';
import type { RefusalReason } from '../kernel/verification.ts';
import type { RevocationCheck } from '../kernel/revocation.ts';
import type { TokenVerifier, Verdict } from '../domain/verification.ts';
import { digestOf } from '../token/signing-input.ts';
import { examine } from './examine-token.ts';
import { createTokenJudge, type SignedToken } from './judge-token.ts';
import { refusalOfKeyNow } from './key-standing.ts';
import { isOnRecord } from './record-check.ts';
import { type LedgerResult, verifiedFact } from './verified-fact.ts';

export interface VerifyingParts {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly ledger: LedgerReader;
  readonly revocations: RevocationCheck;
  readonly alarm: ForgeryAlarm;
  readonly facts: Activity;
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
  const { keyRing, clock, facts } = parts;
  const judge = createTokenJudge(parts);
  return {
    async verify(scopeId, presented, by) {
      const { verdict: judged, genuine, unexamined } = await judge(scopeId, presented);
      const recalled = genuine && (await recall(parts, genuine));
      const verdict = genuine && recalled ? concluded(parts, genuine, recalled, judged) : judged;
      const shown = { scope: keyRing.scope(scopeId), clientId: by?.clientId, at: clock.nowSeconds() };
      const seen = unexamined
        ? await examine(unexamined, () => recall(parts, unexamined))
        : genuine && { ...genuine, recalled };
      facts.record(verifiedFact(shown, verdict, seen));
      return verdict;
    },
  };
}

/** What the ledger says of a token with a right signature; raises the alarm where it should know it, and does not. */
async function recall(parts: VerifyingParts, genuine: SignedToken): Promise<LedgerResult> {
  const { iat } = genuine.token.claims;
  if (isForgotten(genuine, parts.clock)) return 'forgotten';
  const digest = digestOf(genuine.token.signingInput);
  const record = Number.isFinite(iat) ? await parts.ledger.find(digest, Number(iat)) : undefined;
  if (record === undefined && isRecordLost(parts.gaps, genuine)) return 'lost';
  if (isOnRecord(genuine, record)) return record;
  await parts.alarm.forged(asForgery(genuine, digest, record));
  return 'never_issued';
}

function concluded(
  parts: VerifyingParts,
  genuine: SignedToken,
  recalled: LedgerResult,
  judged: Verdict,
): Verdict {
  switch (recalled) {
    case 'forgotten':
      return judged;
    case 'lost':
      return { valid: false, reason: 'record_lost' };
    case 'never_issued':
      return { valid: false, reason: 'never_issued' };
    default:
      return judged.valid ? judgeAgain(parts, genuine, recalled, judged) : judged;
  }
}

/** Its record may lie in an archive by now; the token itself has long expired. */
function isForgotten({ token }: SignedToken, clock: Clock): boolean {
  return Number(token.claims.exp) + REMEMBERED_SECONDS < clock.nowSeconds();
}

/** Nobody can tell it from a forgery any more: it is refused, and no key is blamed for it. */
function isRecordLost(gaps: readonly RecordGap[], { scope, key, token }: SignedToken): boolean {
  return isInGap(gaps, key, Number(token.claims.iat), scope.policy.clockSkewSeconds);
}

function judgeAgain(
  { keyRing, clock, revocations }: VerifyingParts,
  genuine: SignedToken,
  record: RecordedToken,
  verdict: Verdict,
): Verdict {
  const reason: RefusalReason | undefined =
    refusalOfKeyNow(keyRing, genuine, clock.nowSeconds()) ??
    (revocations.covers(record) ? 'revoked' : undefined);
  return reason === undefined ? verdict : { valid: false, reason };
}

function asForgery({ scope, key, token }: SignedToken, digest: Buffer, record: RecordedToken | undefined) {
  return { scope, kid: key.kid, digest, header: token.header, claims: token.claims, record };
}
