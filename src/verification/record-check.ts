import type { RecordedToken } from '../domain/ledger.ts';
import type { SignedToken } from './judge-token.ts';

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
