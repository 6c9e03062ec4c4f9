import type { Activity, ForgeryAlarm, GenuineFact, Happening } from '../kernel/activity.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { LedgerReader, RecordedToken } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import { isInGap, type RecordGap } from '../kernel/record-gap.ts';
import type { RevocationCheck } from '../kernel/revocation.ts';
import type { Scope } from '../kernel/scope.ts';
import type { RefusalReason, TokenVerifier, Verdict } from '../kernel/verification.ts';
import { verifySignature } from '../token/signature.ts';
import { digestOf } from '../token/signing-input.ts';
import { type ClaimedKeyToken, createTokenJudge, refusalOfKeyNow, type SignedToken } from './judge-token.ts';

/** What the issuer remembers of a token that bears a right signature. */
export type LedgerResult = RecordedToken | 'never_issued' | 'lost' | 'forgotten';

interface Shown {
  /** For which it was presented. */
  readonly scope: Scope | undefined;
  readonly clientId: string | null | undefined;
  readonly at: number;
}

interface Seen extends SignedToken {
  readonly recalled: LedgerResult | undefined;
}

/** The verdict as detections see it; of a token that is good, nothing that is its own. */
export function verifiedFact(
  { scope, clientId, at }: Shown,
  verdict: Verdict,
  seen: Seen | undefined,
): Happening {
  return {
    kind: 'verified',
    at,
    client: clientId ?? null,
    scope: scope?.id ?? '',
    reason: verdict.valid ? null : verdict.reason,
    suspiciousHeader: (verdict.valid ? undefined : verdict.suspiciousHeader) ?? null,
    token: verdict.valid || !seen ? null : genuineFact(seen, scope),
  };
}

function genuineFact(
  { key, scope: { id }, token, recalled }: Seen,
  shownFor: Scope | undefined,
): GenuineFact {
  const { claims } = token;
  return {
    digest: digestOf(token.signingInput).toString('base64url'),
    kid: key.kid,
    keyState: key.state,
    keyScope: id,
    signFrom: key.signFrom,
    signUntil: key.signUntil,
    claims,
    namesScope: claims.iss === shownFor?.issuer && [claims.aud].flat()[0] === shownFor?.audience,
    recorded: isTold(recalled) ? recalled !== 'never_issued' : null,
  };
}

function isTold(recalled: LedgerResult | undefined): recalled is RecordedToken | 'never_issued' {
  return recalled !== undefined && recalled !== 'lost' && recalled !== 'forgotten';
}

export interface Examined extends SignedToken {
  /** Undefined where the ledger could not be asked. */
  readonly recalled: LedgerResult | undefined;
}

/**
 * A token that is refused for its key whatever else it is: if that key signed it, it tells of more than a mistake.
 * Undefined where it did not. Nothing here changes the answer, so a ledger that is away is no failure.
 */
export async function examine(
  of: ClaimedKeyToken,
  recall: () => Promise<LedgerResult>,
): Promise<Examined | undefined> {
  const { key, token } = of;
  const { algorithm } = key.binding;
  if (token.header.alg !== algorithm) return undefined;
  if (!(await verifySignature(algorithm, key.publicKey, token.signingInput, token.signature)))
    return undefined;
  try {
    return { ...of, recalled: await recall() };
  } catch (error) {
    if (error instanceof KeywardError) return { ...of, recalled: undefined };
    throw error;
  }
}

/** Whether the issuer remembers the token, and just as it stands. */
export function isOnRecord(
  { scope, key, token: { claims } }: SignedToken,
  record: RecordedToken | undefined,
): record is RecordedToken {
  return (
    record !== undefined &&
    record.scopeId === scope.id &&
    record.kid === key.kid &&
    record.jti === claims.jti &&
    record.iat === claims.iat &&
    record.exp === claims.exp
  );
}

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
