import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';

const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** Each box has a key of its own, so one nonce serves for all. */
const NONCE = Buffer.alloc(12);
const CIPHER = 'aes-256-gcm';
const INFO = 'keyward-sealed-box-v1';

/** An X25519 key pair that lives in memory; the public half raw, base64url. */
export function makeBoxKey(): { readonly privateKey: KeyObject; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return { privateKey, publicKey: rawOf(publicKey) };
}

/**
 * For the holder of the private key alone: ephemeral X25519, HKDF-SHA256, AES-256-GCM. The ephemeral public key, the
 * tag and the ciphertext, in this order. Throws for what is no public key.
 */
export function seal(publicKey: string, plain: Uint8Array): Buffer {
  const recipient = keyOf(publicKey);
  const ephemeral = makeBoxKey();
  const key = keyFor(ephemeral.privateKey, recipient, [ephemeral.publicKey, publicKey]);
  const cipher = createCipheriv(CIPHER, key, NONCE);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from(ephemeral.publicKey, 'base64url'), cipher.getAuthTag(), sealed]);
}

/** Undefined where it was sealed for another key, or changed. The caller clears what it gets. */
export function unseal(
  { privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: string },
  box: Uint8Array,
): Buffer | undefined {
  if (box.length < KEY_BYTES + TAG_BYTES) return undefined;
  const bytes = Buffer.from(box.buffer, box.byteOffset, box.length);
  const sender = bytes.subarray(0, KEY_BYTES).toString('base64url');
  try {
    const key = keyFor(privateKey, keyOf(sender), [sender, publicKey]);
    const decipher = createDecipheriv(CIPHER, key, NONCE);
    decipher.setAuthTag(bytes.subarray(KEY_BYTES, KEY_BYTES + TAG_BYTES));
    const plain = decipher.update(bytes.subarray(KEY_BYTES + TAG_BYTES));
    decipher.final();
    return plain;
  } catch {
    // Not authentic, or a public key of small order: nothing in it is anybody's word.
    return undefined;
  }
}

function keyFor(privateKey: KeyObject, publicKey: KeyObject, halves: readonly [string, string]): Buffer {
  const shared = diffieHellman({ privateKey, publicKey });
  return Buffer.from(hkdfSync('sha256', shared, Buffer.from(halves.join('.')), INFO, KEY_BYTES));
}

function keyOf(raw: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw }, format: 'jwk' });
}

function rawOf(key: KeyObject): string {
  return key.export({ format: 'jwk' }).x ?? '';
}
