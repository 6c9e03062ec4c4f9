import type { Grants } from '../kernel/actor.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { RevocationCheck } from '../kernel/revocation.ts';
import type { PreparedToken } from './prepared-token.ts';

export interface Standing {
  readonly keyRing: KeyRing;
  readonly grants: Grants;
  readonly revocations: RevocationCheck;
}

/** Whether the token may be released now: key, client and grant stand, and no rule revokes it (DESIGN §5). */
export function isStillValid(
  { keyRing, grants, revocations }: Standing,
  { key, record }: PreparedToken,
): boolean {
  const { scopeId, clientId } = record;
  return (
    keyRing.activeKey(scopeId)?.kid === key.kid &&
    grants.allows(clientId, scopeId, 'sign') &&
    !revocations.covers(record)
  );
}
