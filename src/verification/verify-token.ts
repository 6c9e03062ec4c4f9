import type {
  Activity,
  ForgeryAlarm,
  Happening,
  SignedTokenFact,
  UnrecordedToken,
} from '../kernel/activity.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { LedgerReader, RecordedToken } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import {
  isInGap,
  isUnproven,
  type RecordGap,
  type RecordGaps,
  type UnprovenTime,
} from '../kernel/record-gap.ts';
import type { RevocationCheck } from '../kernel/revocation.ts';
import type { Scope } from '../kernel/scope.ts';
import { type Span, untilDone } from '../kernel/trace.ts';
import type { RefusalReason, TokenVerifier, Verdict } from '../kernel/verification.ts';
import { verifySignature } from '../token/signature.ts';
import { digestOf } from '../token/signing-input.ts';
import {
  type ClaimedKeyToken,
  createTokenCheck,
  refusalOfKeyNow,
  type SignedToken,
  type TokenCheck,
} from './check-token.ts';

/** What the issuer remembers of a token that bears a right signature. */
type LedgerResult = RecordedToken | 'never_issued' | 'lost' | 'forgotten';

interface Presentation {
  /** For which it was presented. */
  readonly scope: Scope | undefined;
  readonly clientId: string | null | undefined;
  readonly at: number;
}

interface ExaminedToken extends SignedToken {
  readonly ledgerResult: LedgerResult | undefined;
}

/** The verdict as detections see it; of a token that is good, nothing that is its own. */
function verifiedFact(
  { scope, clientId, at }: Presentation,
  verdict: Verdict,
  seen: ExaminedToken | undefined,
): Happening {
  return {
    kind: 'verified',
    at,
    client: clientId ?? null,
    scope: scope?.id ?? '',
    reason: verdict.valid ? null : verdict.reason,
    suspiciousHeader: (verdict.valid ? undefined : verdict.suspiciousHeader) ?? null,
    token: verdict.valid || !seen ? null : signedTokenFact(seen, scope),
  };
}

function signedTokenFact(
  { key, scope: { id }, token, ledgerResult }: ExaminedToken,
  presentedFor: Scope | undefined,
): SignedTokenFact {
  const { claims } = token;
  return {
    digest: digestOf(token.signingInput).toString('base64url'),
    kid: key.kid,
    keyState: key.state,
    keyScope: id,
    signFrom: key.signFrom,
    signUntil: key.signUntil,
    claims,
    namesScope: claims.iss === presentedFor?.issuer && [claims.aud].flat()[0] === presentedFor?.audience,
    recorded: isTold(ledgerResult) ? ledgerResult !== 'never_issued' : null,
  };
}

function isTold(ledgerResult: LedgerResult | undefined): ledgerResult is RecordedToken | 'never_issued' {
  return ledgerResult !== undefined && ledgerResult !== 'lost' && ledgerResult !== 'forgotten';
}

interface Examined extends SignedToken {
  /** Undefined where the ledger could not be asked. */
  readonly ledgerResult: LedgerResult | undefined;
}

/**
 * A token that is refused for its key whatever else it is: if that key signed it, it tells of more than a mistake.
 * Undefined where it did not. Nothing here changes the answer, so a ledger that is away is no failure.
 */
async function examine(
  of: ClaimedKeyToken,
  lookUpRecord: () => Promise<LedgerResult>,
): Promise<Examined | undefined> {
  const { key, token } = of;
  const { algorithm } = key.binding;
  if (token.header.alg !== algorithm) return undefined;
  if (!(await verifySignature(algorithm, key.publicKey, token.signingInput, token.signature)))
    return undefined;
  try {
    return { ...of, ledgerResult: await lookUpRecord() };
  } catch (error) {
    if (error instanceof KeywardError) return { ...of, ledgerResult: undefined };
    throw error;
  }
}

/** Whether the issuer remembers the token, and just as it stands. */
function isOnRecord(
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

export interface VerifyingDeps {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly ledger: LedgerReader;
  readonly revocations: RevocationCheck;
  readonly alarm: ForgeryAlarm;
  readonly facts: Activity;
  /** Where the ledger was put back from an older copy. */
  readonly gaps: RecordGaps;
  /** Of which times it cannot be told whether records are missing. */
  readonly unproven: readonly UnprovenTime[];
  /** Takes over what other fronts changed; answers whether there was anything. `store_unavailable`. */
  readonly news: () => Promise<boolean>;
}

/** An hour less than the shortest `ledger.online_days`: until then the record of an expired token is in reach. */
const REMEMBERED_SECONDS = 23 * 3_600;

/**
 * A right signature says that the key was used, the ledger that the service used it. So every token with a right
 * signature is looked up, those that are refused for their claims too: no honest token lacks its record.
 */
export function createTokenVerifier(deps: VerifyingDeps): TokenVerifier {
  const { keyRing, clock, facts } = deps;
  const check = unlessNews(createTokenCheck(deps), deps.news);
  return {
    async verify(scopeId, presented, by) {
      const span = by?.trace?.span;
      const checking = span?.begin('verify_token');
      const { verdict: checked, signed, unexamined } = await untilDone(checking, check(scopeId, presented));
      const ledgerResult = signed && (await lookUpRecord(deps, signed, span));
      const verdict = signed && ledgerResult ? concluded(deps, signed, ledgerResult, checked) : checked;
      const shown = { scope: keyRing.scope(scopeId), clientId: by?.clientId, at: clock.nowSeconds() };
      const seen = unexamined
        ? await examine(unexamined, () => lookUpRecord(deps, unexamined, span))
        : signed && { ...signed, ledgerResult };
      facts.record(verifiedFact(shown, verdict, seen));
      return verdict;
    },
  };
}

/** The key may be new, or may sign since a moment ago, by what another front has done. */
const PERHAPS_NEW: ReadonlySet<RefusalReason> = new Set(['unknown_key', 'outside_signing_window']);

function unlessNews(check: TokenCheck, news: () => Promise<boolean>): TokenCheck {
  return async (scopeId, presented) => {
    const result = await check(scopeId, presented);
    const { verdict } = result;
    if (verdict.valid || !PERHAPS_NEW.has(verdict.reason) || !(await news())) return result;
    return await check(scopeId, presented);
  };
}

/**
 * What the ledger says of a token with a right signature; raises the alarm where it should know it, and does not.
 * `ledger_unavailable` also where nobody can tell whether it should.
 */
async function lookUpRecord(
  deps: VerifyingDeps,
  signed: SignedToken,
  span: Span | undefined,
): Promise<LedgerResult> {
  const { iat } = signed.token.claims;
  if (isForgotten(signed, deps.clock)) return 'forgotten';
  const digest = digestOf(signed.token.signingInput);
  const record = Number.isFinite(iat)
    ? await untilDone(span?.begin('look_up_record'), deps.ledger.find(digest, Number(iat)))
    : undefined;
  if (record === undefined && isRecordLost(deps.gaps(), signed)) return 'lost';
  if (isOnRecord(signed, record)) return record;
  const unrecorded = asUnrecorded(signed, digest);
  if (record === undefined && isUnproven(deps.unproven, Number(iat))) {
    await deps.alarm.unproven(unrecorded);
    throw unprovenAbsence();
  }
  await deps.alarm.forged({ ...unrecorded, record });
  return 'never_issued';
}

/** It does not change by itself, but for the life of the token. */
const UNPROVEN_SECONDS = 60;

function unprovenAbsence(): KeywardError {
  const message = 'Records of the time of this token may be lost, so nobody can tell whether it was issued.';
  return new KeywardError('ledger_unavailable', message, { retryAfterSeconds: UNPROVEN_SECONDS });
}

function concluded(
  deps: VerifyingDeps,
  signed: SignedToken,
  ledgerResult: LedgerResult,
  checked: Verdict,
): Verdict {
  switch (ledgerResult) {
    case 'forgotten':
      return checked;
    case 'lost':
      return { valid: false, reason: 'record_lost' };
    case 'never_issued':
      return { valid: false, reason: 'never_issued' };
    default:
      return checked.valid ? checkAgain(deps, signed, ledgerResult, checked) : checked;
  }
}

/** Its record may lie in an archive by now; the token itself has long expired. */
function isForgotten({ token }: SignedToken, clock: Clock): boolean {
  return Number(token.claims.exp) + REMEMBERED_SECONDS < clock.nowSeconds();
}

/** Nobody can tell it from a forgery any more: it is refused, and no key is blamed for it. */
function isRecordLost(gaps: readonly RecordGap[], { key, token }: SignedToken): boolean {
  return isInGap(gaps, key, Number(token.claims.iat));
}

function checkAgain(
  { keyRing, clock, revocations }: VerifyingDeps,
  signed: SignedToken,
  record: RecordedToken,
  verdict: Verdict,
): Verdict {
  const reason: RefusalReason | undefined =
    refusalOfKeyNow(keyRing, signed, clock.nowSeconds()) ??
    (revocations.covers(record) ? 'revoked' : undefined);
  return reason === undefined ? verdict : { valid: false, reason };
}

function asUnrecorded({ scope, key, token }: SignedToken, digest: Buffer): UnrecordedToken {
  return { scope, kid: key.kid, digest, header: token.header, claims: token.claims };
}
