import { constants, createHmac, sign } from 'node:crypto';
import type { World } from './world.ts';

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

type Rework = (signature: Buffer) => Buffer;

/** The other 32-byte half stays as it is. */
const withNumber =
  (offset: 0 | 32, change: (number: bigint) => bigint): Rework =>
  (signature) => {
    const part = signature.subarray(offset, offset + 32).toString('hex');
    const changed = change(BigInt(`0x${part}`))
      .toString(16)
      .padStart(64, '0');
    return Buffer.concat([
      signature.subarray(0, offset),
      Buffer.from(changed, 'hex'),
      signature.subarray(offset + 32),
    ]);
  };

export const rIs = (number: bigint): Rework => withNumber(0, () => number);
export const sIs = (number: bigint): Rework => withNumber(32, () => number);
export const P256 = { zero: 0n, order: P256_ORDER, beyond: P256_ORDER + 1n, most: 2n ** 256n - 1n };

/** (r, n - s) is as good as (r, s). */
export const otherHalf: Rework = withNumber(32, (s) => P256_ORDER - s);

/** RFC 8032 §5.1.7: s must be below the order. */
export const plusOrder: Rework = (signature) => {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
  const bytes = Buffer.from((s + ED25519_ORDER).toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([signature.subarray(0, 32), bytes]);
};

export const flipped: Rework = (signature) => {
  const copy = Buffer.from(signature);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
};
export const shorter: Rework = (signature) => signature.subarray(0, -1);
export const longer: Rework = (signature) => Buffer.concat([signature, Buffer.alloc(1)]);
export const leadingZero: Rework = (signature) => Buffer.concat([Buffer.alloc(1), signature]);
export const zeros: Rework = (signature) => Buffer.alloc(signature.length);
export const halvesSwapped: Rework = (signature) =>
  Buffer.concat([signature.subarray(32), signature.subarray(0, 32)]);

export const der = (world: World) => (_: Buffer, signingInput: string) =>
  sign('sha256', Buffer.from(signingInput), { key: world.key('ES256').privateKey, dsaEncoding: 'der' });

export const withHash = (world: World, hash: string) => (_: Buffer, signingInput: string) =>
  sign(hash, Buffer.from(signingInput), {
    key: world.key('ES256').privateKey,
    dsaEncoding: 'ieee-p1363',
  });

export const pss =
  (world: World, saltLength: number, algorithm: 'PS256' | 'RS256' = 'PS256') =>
  (_: Buffer, signingInput: string) =>
    sign('sha256', Buffer.from(signingInput), {
      key: world.key(algorithm).privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });

export const pkcs1 = (world: World) => (_: Buffer, signingInput: string) =>
  sign('sha256', Buffer.from(signingInput), world.key('PS256').privateKey);

/** The published key taken for a shared secret (RFC 8725 §2.1). */
export const hmac = (world: World, form: 'pem' | 'der' | 'jwk') => (_: Buffer, signingInput: string) => {
  const { publicKey, publicJwk } = world.key('RS256');
  const secrets = {
    pem: () => publicKey.export({ type: 'spki', format: 'pem' }),
    der: () => publicKey.export({ type: 'spki', format: 'der' }),
    jwk: () => JSON.stringify(publicJwk),
  };
  return createHmac('sha256', secrets[form]()).update(signingInput).digest();
};

/** The nth other last character that decodes to the same bytes, once four of its bits are unused. */
export function otherLastCharacter(text: string, nth: number): string {
  const last = ALPHABET.indexOf(text.slice(-1));
  return text.slice(0, -1) + ALPHABET[(last & ~15) | ((last + nth) & 15)];
}
