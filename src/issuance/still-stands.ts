import type { Grants } from '../domain/access.ts';
import { KeywardError } from '../domain/errors.ts';
import type { TokenRequest } from '../domain/issuance.ts';
import type { KeyRing } from '../domain/key-ring.ts';

export interface Standing {
  readonly keyRing: KeyRing;
  readonly grants: Grants;
}

type Asked = Pick<TokenRequest, 'scopeId' | 'clientId'>;

/** Whether a token of that key may be released to that client now: key, client and grant stand (DESIGN §5). */
export function stillStands(
  { keyRing, grants }: Standing,
  { scopeId, clientId }: Asked,
  kid: string,
): boolean {
  return keyRing.activeKey(scopeId)?.kid === kid && grants.allows(clientId, scopeId, 'sign');
}

export function keyIsChanging(): KeywardError {
  return new KeywardError('no_active_key', 'the key of this scope is changing; try again', {
    retryAfterSeconds: 1,
  });
}
