import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CredentialKind } from './actor.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** The largest multiple of 62 that a byte can hold: bytes from there on would favour the first letters. */
const UNBIASED_BELOW = 248;

/** In characters. */
const CHECKED_SECRET_LENGTH = SECRET_LENGTH + CHECKSUM_LENGTH;

/** 30 random base62 characters (178 bits) and 6 of their CRC32: a scanner recognises it offline. */
function makeCheckedSecret(): string {
  const secret = randomLetters(SECRET_LENGTH);
  return `${secret}${checksum(secret)}`;
}

/** Whether the last six of the characters are the checksum of those before them. */
function isCheckedSecret(text: string): boolean {
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

const SHAPE = /^kw_(svc|ops)_([0-9A-Za-z]{36})$/;
const TEXT_LENGTH = 'kw_svc_'.length + CHECKED_SECRET_LENGTH;

export interface Credential {
  readonly kind: CredentialKind;
  /** SHA-256 of the whole text: all that is ever stored. */
  readonly digest: Buffer;
}

/** A new credential (DESIGN §8). The text is shown once, to whoever will use it, and kept nowhere. */
export function makeCredential(kind: CredentialKind): Credential & { readonly text: string } {
  const text = `kw_${kind}_${makeCheckedSecret()}`;
  return { kind, text, digest: digestOfCredential(text) };
}

/** Shape and checksum only: whether anyone holds it is for a look-up by `digest`. */
export function readCredential(text: string): Credential | 'malformed' {
  if (text.length !== TEXT_LENGTH) return 'malformed';
  const [, kind, secret = ''] = SHAPE.exec(text) ?? [];
  if ((kind !== 'svc' && kind !== 'ops') || !isCheckedSecret(secret)) return 'malformed';
  return { kind, digest: digestOfCredential(text) };
}

/** What is stored of a credential and asked for: SHA-256 of its text. */
export function digestOfCredential(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

export const PIN_PREFIX = 'kw_pin_';
const WHOLE_PIN = /kw_pin_([0-9A-Za-z]{36})/g;

/** A new PIN for an HSM token: 43 characters that a scan recognises without knowing the PIN. */
export function makePin(): string {
  return `${PIN_PREFIX}${makeCheckedSecret()}`;
}

/** PINs made by `makePin` within a text, in order. */
export function* pinsIn(text: string): Generator<{ readonly at: number; readonly text: string }> {
  for (const { 0: found, 1: secret = '', index: at } of text.matchAll(WHOLE_PIN)) {
    if (isCheckedSecret(secret)) yield { at, text: found };
  }
}

/** SHA-256 of a text that is such a PIN and nothing else; undefined for any other. */
export function digestOfMadePin(text: string): Buffer | undefined {
  const [pin] = pinsIn(text);
  return pin?.text === text ? hash('sha256', text, 'buffer') : undefined;
}

/** A credential within a text. */
interface CredentialInText extends Credential {
  readonly at: number;
  readonly text: string;
}

const WHOLE = /kw_(?:svc|ops)_[0-9A-Za-z]{36}/g;
/** Also what was cut off or mistyped: little is left to guess, and the checksum follows from the rest. */
const LIKE_ONE = /(kw_(?:svc|ops|pin)_)[0-9A-Za-z]{8,}/g;

/** Those whose checksum is right, in order. Nothing need stand around them. */
export function* credentialsIn(text: string): Generator<CredentialInText> {
  for (const { 0: found, index: at } of text.matchAll(WHOLE)) {
    const credential = readCredential(found);
    if (credential !== 'malformed') yield { ...credential, at, text: found };
  }
}

/** The text without the secret of anything that looks like a credential or a PIN made by Keyward; the kind stays readable. */
export function maskCredentials(text: string): string {
  return text.replaceAll(LIKE_ONE, '$1[masked]');
}
