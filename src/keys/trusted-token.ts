import { KeywardError } from '../domain/errors.ts';
import { isTokenCompromised } from '../domain/key-life/token-compromise.ts';
import type { KeyRingKeeper } from './key-ring.ts';

/** `hsm_token_compromised`: what is made there may be in other hands at once. */
export function requireTrustedToken(
  keyRing: Pick<KeyRingKeeper, 'scopes' | 'scopeKeys'>,
  hsmToken: string,
): void {
  const keys = keyRing.scopes().flatMap(({ id }) => keyRing.scopeKeys(id)?.keys ?? []);
  if (!isTokenCompromised(keys, hsmToken)) return;
  throw new KeywardError(
    'hsm_token_compromised',
    `the HSM token ${hsmToken} is compromised, and no key is made there; place the scope on another`,
  );
}
