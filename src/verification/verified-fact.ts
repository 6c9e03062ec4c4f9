import type { GenuineFact, Happening } from '../kernel/activity.ts';
import type { RecordedToken } from '../domain/ledger.ts';
import type { Scope } from '../kernel/scope.ts';
import type { Verdict } from '../domain/verification.ts';
import { digestOf } from '../token/signing-input.ts';
import type { SignedToken } from './judge-token.ts';

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
