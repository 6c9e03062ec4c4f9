import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** The largest multiple of 62 that a byte can hold: bytes from there on would favour the first letters. */
const UNBIASED_BELOW = 248;

/** In characters. */
export const CHECKED_SECRET_LENGTH = SECRET_LENGTH + CHECKSUM_LENGTH;

/** 30 random base62 characters (178 bits) and 6 of their CRC32: a scanner recognises it offline. */
export function makeCheckedSecret(): string {
  const secret = randomLetters(SECRET_LENGTH);
  return `${secret}${checksum(secret)}`;
}

/** Whether the last six of the characters are the checksum of those before them. */
export function isCheckedSecret(text: string): boolean {
  return text.length === CHECKED_SECRET_LENGTH && text.endsWith(checksum(text.slice(0, SECRET_LENGTH)));
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
