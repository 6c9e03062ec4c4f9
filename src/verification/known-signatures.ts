import { hash, type KeyObject } from 'node:crypto';
import { dropOldest } from '../lib/recent-set.ts';
import type { SignatureCheck } from '../token/signature.ts';

const MOST = 10_000;

/**
 * The same check, which remembers the last signatures that it found right: a token that is shown again costs a digest.
 * Nothing but the signature is remembered; key, claims, ledger and revocations are asked for each time.
 */
export function rememberRight(check: SignatureCheck): SignatureCheck {
  const known = new Map<string, KeyObject>();
  return async (algorithm, publicKey, signingInput, signature) => {
    const name = `${algorithm} ${digestOfAll(signingInput, signature)}`;
    if (known.get(name) === publicKey) return true;
    const isRight = await check(algorithm, publicKey, signingInput, signature);
    if (isRight) {
      known.set(name, publicKey);
      dropOldest(known, MOST);
    }
    return isRight;
  };
}

/** Of the signing input alone it would let any signature pass. */
function digestOfAll(signingInput: string, signature: Uint8Array): string {
  return hash('sha256', `${signingInput}.${Buffer.from(signature).toString('base64url')}`, 'base64');
}
