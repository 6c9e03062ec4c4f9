// The private keys of a SoftHSM token, out of its files. With the PIN anybody can do this: it is no HSM.
import { createDecipheriv, createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const BYTES = 3;
/** SoftHSM's own: the token's AES key under the PIN. Two have this length, the other is under the SO-PIN. */
const WRAPPED_KEY_BYTES = 72;
const MAGIC = Buffer.from('RJR');
const SALT_BYTES = 8;
const LEAST_ROUNDS = 1_500;
const IV_BYTES = 16;
const CKA_CLASS = 0n;
const CKO_PRIVATE_KEY = 3n;
/** CKA_VALUE, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2: each of them is the key. */
const PRIVATE_PARTS = [0x11n, 0x123n, 0x124n, 0x125n];

type Attributes = ReadonlyMap<bigint, Buffer | bigint>;

/** The private numbers of each private key, big-endian. */
export function privateNumbersOf(tokenFolder: string, pin: string): Buffer[] {
  const objects = globSync('*/*.object', { cwd: tokenFolder }).map((name) => ({
    isToken: name.endsWith('/token.object'),
    attributes: readObject(readFileSync(join(tokenFolder, name))),
  }));
  const tokenKey = tokenKeyOf(
    objects.filter(({ isToken }) => isToken).map(({ attributes }) => attributes),
    pin,
  );
  return objects
    .filter(({ attributes }) => attributes.get(CKA_CLASS) === CKO_PRIVATE_KEY)
    .flatMap(({ attributes }) => PRIVATE_PARTS.map((part) => attributes.get(part)))
    .filter((value) => Buffer.isBuffer(value) && value.length > 0)
    .map((value) => decrypt(tokenKey, value as Buffer));
}

function tokenKeyOf(tokens: readonly Attributes[], pin: string): Buffer {
  for (const wrapped of tokens.flatMap((token) => [...token.values()])) {
    if (!Buffer.isBuffer(wrapped) || wrapped.length !== WRAPPED_KEY_BYTES) continue;
    const salt = wrapped.subarray(0, SALT_BYTES);
    const key = tried(() => decrypt(keyOfPin(pin, salt), wrapped.subarray(SALT_BYTES)));
    if (key?.subarray(0, MAGIC.length).equals(MAGIC)) return key.subarray(MAGIC.length);
  }
  throw new Error('no token key opens with that PIN');
}

function keyOfPin(pin: string, salt: Buffer): Buffer {
  let digest = createHash('sha256').update(salt).update(pin).digest();
  for (let round = 1; round < LEAST_ROUNDS + (salt.at(-1) ?? 0); round += 1) {
    digest = createHash('sha256').update(digest).digest();
  }
  return digest;
}

function decrypt(key: Buffer, sealed: Buffer): Buffer {
  const cipher = createDecipheriv('aes-256-cbc', key, sealed.subarray(0, IV_BYTES));
  return Buffer.concat([cipher.update(sealed.subarray(IV_BYTES)), cipher.final()]);
}

function tried<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}

/** A generation, then attributes: type, kind, value; numbers are of eight bytes. */
function readObject(bytes: Buffer): Attributes {
  const attributes = new Map<bigint, Buffer | bigint>();
  let at = 8;
  const next = () => {
    at += 8;
    return bytes.readBigUInt64BE(at - 8);
  };
  while (at < bytes.length) {
    const type = next();
    const kind = Number(next());
    if (kind === 1) at += 1;
    else if (kind === 2) attributes.set(type, next());
    else {
      const length = Number(next());
      if (kind === BYTES) attributes.set(type, bytes.subarray(at, at + length));
      // A set of mechanisms has numbers, not bytes; a map has bytes.
      at += kind === 5 ? length * 8 : length;
    }
  }
  return attributes;
}
