import { PIN_PREFIX, pinsIn } from '../kernel/credential.ts';
import type { Recogniser } from './finding.ts';

/** Escapes of single characters in JSON, C, shells and XML, beside those by number. */
const LETTER_ESCAPES: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
};
const ENTITIES: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
};
/** JSON within JSON doubles its backslashes each time. */
const BACKSLASHES = String.raw`\\{1,8}`;
/** Between two characters of base64: the line end of a wrapped text, also escaped. */
const WRAP = String.raw`(?:[\r\n]|\\{1,8}[rn]){0,4}`;
/** Between two bytes in hex: what dumps and source code put there. */
const HEX_GAP = String.raw`[ :,-]{0,2}(?:0[xX]|\\x)?`;

/**
 * A pattern, over text of one byte a character, for the exact bytes of a PIN: as they are, in UTF-16 of either byte
 * order, percent-encoded, escaped as JSON, C, XML and quoted-printable do, in base64 (also base64url, also as a part of
 * something longer) and in hex. Spans 8 KiB at most for a PIN of 255 bytes.
 */
function pinPattern(pin: Buffer): RegExp {
  const wide = wideForms(pin);
  const alternatives = [
    escaped(pin),
    ...wide.map((bytes) => literal(withoutOuterZeros(bytes))),
    ...[pin, ...wide].flatMap((bytes) => [...base64Of(bytes), hexOf(bytes)]),
  ];
  return new RegExp([...new Set(alternatives)].join('|'), 'g');
}

/** Little endian and big endian; none of what is not UTF-8. */
function wideForms(pin: Buffer): Buffer[] {
  const text = textOf(pin);
  if (text === undefined) return [];
  const little = Buffer.from(text, 'utf16le');
  return [little, Buffer.from(little).swap16()];
}

/** ASCII looks alike in both byte orders once the outer zero is gone: one match, at its first character. */
function withoutOuterZeros(bytes: Buffer): Buffer {
  const start = bytes[0] === 0 ? 1 : 0;
  return bytes.subarray(start, bytes.at(-1) === 0 ? -1 : bytes.length);
}

function textOf(pin: Buffer): string | undefined {
  const text = pin.toString('utf8');
  return Buffer.from(text).equals(pin) ? text : undefined;
}

/** Each character as it is or escaped, in any mixture. */
function escaped(pin: Buffer): string {
  const text = textOf(pin);
  if (text === undefined) return Array.from(pin, byteForms).join('');
  return Array.from(text.matchAll(/\\+|./gsu), ([unit]) => `(?:${unitForms(unit).join('|')})`).join('');
}

/** A run of backslashes is one unit: each of its own would be tried in every combination. */
function unitForms(unit: string): string[] {
  const { length } = unit;
  if (!unit.startsWith('\\')) return charForms(unit);
  return [String.raw`\\{${length},${8 * length}}`, `(?:${charForms('\\').join('|')}){${length}}`];
}

function charForms(char: string): string[] {
  const bytes = [...Buffer.from(char)];
  const byCodeUnit = Array.from({ length: char.length }, (_, at) => {
    const hex = char.charCodeAt(at).toString(16);
    return `${BACKSLASHES}u${anyCase(hex.padStart(4, '0'))}`;
  }).join('');
  const point = char.codePointAt(0) ?? 0;
  const entity = `&#(?:0{0,4}${point}|[xX]0{0,4}${anyCase(point.toString(16))});`;
  return [bytes.map(byteForms).join(''), byCodeUnit, entity, ...shortForms(char)];
}

function shortForms(char: string): string[] {
  const forms: string[] = [];
  if (LETTER_ESCAPES[char]) forms.push(`${BACKSLASHES}${LETTER_ESCAPES[char]}`);
  if (/[!-/:-@[\]-`{-~ ]/.test(char)) forms.push(`${BACKSLASHES}${literal(Buffer.from(char))}`);
  if (char === ' ') forms.push(String.raw`\+`);
  if (ENTITIES[char]) forms.push(`&${ENTITIES[char]};`);
  return forms;
}

function byteForms(byte: number): string {
  const hex = anyCase(byte.toString(16).padStart(2, '0'));
  return `(?:${literal([byte])}|[%=]${hex}|${BACKSLASHES}x${hex})`;
}

/** In each place that a byte can have in the groups of three; the outer characters by those of their bits that are its. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const bits = [
      ...Array.from({ length: before * 8 }, () => '.'),
      ...Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')),
    ].join('');
    const own = bits.slice(Math.floor((before * 8) / 6) * 6).match(/.{1,6}/g) ?? [];
    return own.map((sextet) => base64Char(sextet.padEnd(6, '.'))).join(WRAP);
  });
}

/** What stands for six bits, `.` for a bit that may be either. */
function base64Char(bits: string): string {
  const pattern = new RegExp(`^${bits}$`);
  const fitting = Array.from(BASE64).filter((_, value) => pattern.test(value.toString(2).padStart(6, '0')));
  const forms = fitting.map((char) => BASE64URL[char] ?? char);
  return forms.length === 1 ? forms.join('') : `(?:${forms.join('|')})`;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64URL: Readonly<Record<string, string>> = { '+': '[+-]', '/': String.raw`(?:\\{0,8}/|_)` };

function hexOf(bytes: Buffer): string {
  return Array.from(bytes, (byte) => anyCase(byte.toString(16).padStart(2, '0'))).join(HEX_GAP);
}

function anyCase(hex: string): string {
  return Array.from(hex, (digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join(
    '',
  );
}

function literal(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** PINs that Keyward made, by prefix and checksum. */
export const madePins: Recogniser = {
  needles: [PIN_PREFIX],
  *find(text) {
    for (const { at, text: secret } of pinsIn(text)) {
      yield { at, sight: { kind: 'pin', secret, file: null } };
    }
  },
};

/** One PIN, whoever made it. */
export interface ExactPin extends Recogniser {
  /** One character a byte. */
  readonly secret: string;
  /** Where it stands in a text of one byte a character. */
  spans(text: string): Iterable<Span>;
}

interface Span {
  readonly from: number;
  readonly until: number;
}

/** The bytes of one PIN, in every encoding that `pinPattern` knows. `file` names the PIN file in findings. */
export function exactPin(pin: Buffer, file: string): ExactPin {
  const pattern = pinPattern(pin);
  const secret = pin.toString('latin1');
  function* spans(text: string): Generator<Span> {
    for (const { 0: found, index: from } of text.matchAll(pattern)) {
      yield { from, until: from + found.length };
    }
  }
  return {
    secret,
    spans,
    // It begins with anything.
    needles: [''],
    readsEncodings: true,
    *find(text) {
      for (const { from: at } of spans(text)) yield { at, sight: { kind: 'pin', secret, file } };
    },
  };
}

/** A name of a file with `[PIN]` in place of each. Of PINs that overlap, no part is left. */
export function withoutPins(name: string, pins: readonly ExactPin[]): string {
  const text = Buffer.from(name).toString('latin1');
  const spans = pins.flatMap((pin) => [...pin.spans(text)]).sort((one, other) => one.from - other.from);
  let shown = '';
  let at = 0;
  for (const { from, until } of spans) {
    if (from >= at) shown += `${text.slice(at, from)}[PIN]`;
    at = Math.max(at, until);
  }
  return Buffer.from(shown + text.slice(at), 'latin1').toString();
}
