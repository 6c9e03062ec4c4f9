import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Actor, CredentialKind } from './actor.ts';

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

/** A string that was found where it should not be, by what names it here: never the string itself. */
export type LeakQuery =
  | { readonly of: 'credential'; readonly digest: Buffer }
  /** By its signing input's digest and its `iat`. */
  | { readonly of: 'token'; readonly digest: Buffer; readonly iat: number };

/** Who says that they found strings, for what watches: it changes no answer. */
export interface LeakReporter {
  /** `partner:<name>`, `operator:<id>`; null for a report of people, who give no name. */
  readonly reportedBy: string | null;
  readonly remote: string | undefined;
  readonly requestId: string | null;
  /** Of each string, in order. */
  readonly places: readonly string[];
}

interface Known {
  readonly digest: Buffer;
  /** Whether it opens anything now. */
  readonly live: boolean;
}

/** What Keyward knows of such a string. */
export type KnownSecret =
  | (Known & {
      readonly kind: 'client_credential' | 'operator_credential';
      readonly holderId: string;
      /** Those of the client's grants. */
      readonly scopes: readonly string[];
    })
  | (Known & {
      readonly kind: 'token';
      readonly scopeId: string;
      readonly kid: string;
      readonly clientId: string;
      readonly jti: string;
      readonly exp: number;
    });

/** Where it was found and who says so. */
export interface LeakPlace {
  /** An address of it, or file and byte. */
  readonly place: string;
  /** What kind of place, such as `commit`. */
  readonly source: string;
  /** `partner:<name>`, `report:<number>` or an operator's id. */
  readonly reportedBy: string;
}

/** A PIN of an HSM token that was found, by its form or by a PIN file. The service compares nothing. */
export interface FoundPin extends Pick<LeakPlace, 'place' | 'source'> {
  /** SHA-256 of a PIN that Keyward made. Null for any other: a short PIN could be guessed by its digest. */
  readonly digest: Buffer | null;
}

/** What is done about strings that leaked. */
export interface LeakService {
  /** In order; undefined for what was never given out here. `ledger_unavailable`, `overloaded`. */
  find(query: readonly LeakQuery[], by?: LeakReporter): Promise<readonly (KnownSecret | undefined)[]>;
  /** As `find`, for an operator, and written down with how many: `store_unavailable`. */
  lookUp(
    query: readonly LeakQuery[],
    by: LeakReporter,
    actor: Actor,
  ): Promise<readonly (KnownSecret | undefined)[]>;
  /** Raises `credential.leaked`, once for each. */
  report(known: KnownSecret, place: LeakPlace): Promise<void>;
  /**
   * Raises `credential.leaked` on the word of an operator or a partner: once for each digest, and one event for all that
   * have none. Past ten a minute of one partner, one event without a digest stands for the others. `store_unavailable`.
   */
  reportPins(pins: readonly FoundPin[], actor: Actor): Promise<void>;
  /** Revokes it as well, if it opens anything: the client or operator with the credential, the token alone. */
  withdraw(known: KnownSecret, place: LeakPlace, actor: Actor): Promise<void>;
}
