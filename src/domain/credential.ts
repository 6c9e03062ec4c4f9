import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CredentialKind } from './access-store.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** The largest multiple of 62 that a byte can hold: bytes from there on would favour the first letters. */
const UNBIASED_BELOW = 248;
const SHAPE = /^kw_(svc|ops)_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;
const TEXT_LENGTH = 'kw_svc_'.length + SECRET_LENGTH + CHECKSUM_LENGTH;

export interface Credential {
  readonly kind: CredentialKind;
  /** SHA-256 of the whole text: all that is ever stored. */
  readonly digest: Buffer;
}

/** A new credential (DESIGN §8). The text is shown once, to whoever will use it, and kept nowhere. */
export function makeCredential(kind: CredentialKind): Credential & { readonly text: string } {
  const secret = randomLetters(SECRET_LENGTH);
  const text = `kw_${kind}_${secret}${checksum(secret)}`;
  return { kind, text, digest: digestOfCredential(text) };
}

/** Shape and checksum only: whether anyone holds it is for a look-up by `digest`. */
export function readCredential(text: string): Credential | 'malformed' {
  if (text.length !== TEXT_LENGTH) return 'malformed';
  const [, kind, secret = '', sum] = SHAPE.exec(text) ?? [];
  if ((kind !== 'svc' && kind !== 'ops') || checksum(secret) !== sum) return 'malformed';
  return { kind, digest: digestOfCredential(text) };
}

/** What is stored of a credential and asked for: SHA-256 of its text. */
export function digestOfCredential(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checksum(secret: string): string {
  let rest = crc32(secret);
  let digits = '';
  while (rest > 0) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits.padStart(CHECKSUM_LENGTH, '0');
}

function randomLetters(length: number): string {
  let letters = '';
  while (letters.length < length) {
    const [byte = UNBIASED_BELOW] = randomBytes(1);
    if (byte < UNBIASED_BELOW) letters += ALPHABET.charAt(byte % ALPHABET.length);
  }
  return letters;
}
