import { isTokenCompromised, noKeyMadeOn } from '../kernel/key-lifecycle/token-compromise.ts';
import type { KeyRingKeeper } from './key-ring.ts';

/** `hsm_token_compromised`. */
export function requireTrustedToken(
  keyRing: Pick<KeyRingKeeper, 'scopes' | 'scopeKeys'>,
  hsmToken: string,
): void {
  const keys = keyRing.scopes().flatMap(({ id }) => keyRing.scopeKeys(id)?.keys ?? []);
  if (isTokenCompromised(keys, hsmToken)) throw noKeyMadeOn(hsmToken);
}
