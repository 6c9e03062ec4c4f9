import { createPrivateKey, hash } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Recogniser, Sight } from './finding.ts';

/** An ASN.1 SEQUENCE of a short or a definite long form, as the first byte of its content is to follow. */
const SEQUENCE = String.raw`\x30(?:[\x02-\x7f]|\x81[^]|\x82[^]{2}|\x83[^]{3}|\x80)`;
/** A version and what follows it in PKCS#8 and SEC 1, PKCS#1, or PKCS#12. */
const VERSIONED = new RegExp(String.raw`${SEQUENCE}\x02\x01(?:[\x00\x01][\x02\x04\x30]|\x03\x30)`, 'g');
/** EncryptedPrivateKeyInfo by PKCS#5 or PKCS#12. */
const ENCRYPTED = new RegExp(
  String.raw`${SEQUENCE}${SEQUENCE}\x06[\x09\x0a]\x2a\x86\x48\x86\xf7\x0d\x01(?:\x05|\x0c\x01)[^]`,
  'g',
);
/** By the tag of what follows the version. */
const FORMS: Readonly<Record<number, { type: 'pkcs8' | 'pkcs1' | 'sec1'; label: string }>> = {
  2: { type: 'pkcs1', label: 'RSA PRIVATE KEY' },
  4: { type: 'sec1', label: 'EC PRIVATE KEY' },
  48: { type: 'pkcs8', label: 'PRIVATE KEY' },
};
/** The first byte of a length whose element ends with a mark. */
const INDEFINITE = 0x80;
/** Of a private key: the largest in use (ML-DSA-87, RSA of 16,384 bits) take 10 KB. */
const MOST_KEY_BYTES = 16_384;
/** What a PKCS#12 file wraps, by its OID, and how far into the file that stands. */
const PKCS7_DATA = Buffer.from('2a864886f70d010701', 'hex');
const STORE_HEAD_BYTES = 64;
/** Of a PKCS#12 file that is opened; windows show at least so much behind what begins in them. */
const MOST_STORE_BYTES = 32_768;

/**
 * Private keys in DER (PKCS#1, PKCS#8, SEC 1), and PKCS#12 files. A PKCS#12 file that the empty password opens is not
 * encrypted; one that it does not open, or that is too large to try, counts as encrypted.
 */
export const derKeys: Recogniser = {
  needles: ['\x02\x01\x00', '\x02\x01\x01', '\x02\x01\x03', '\x2a\x86\x48\x86\xf7\x0d\x01'],
  *find(text) {
    let end = 0;
    for (const { at, element, sight } of elementsIn(text)) {
      // A key within one that was found, as PKCS#8 holds PKCS#1, is the same key.
      if (at < end) continue;
      end = at + element.length;
      yield { at, sight };
    }
  },
};

interface Element {
  readonly at: number;
  readonly element: Buffer;
  readonly sight: Sight;
}

function elementsIn(text: string): Element[] {
  const versioned = Array.from(text.matchAll(VERSIONED), ({ 0: head, index: at }) =>
    head.at(-2) === '\x03' ? storeAt(text, at) : keyAt(text, at, head.charCodeAt(head.length - 1)),
  );
  const encrypted = Array.from(text.matchAll(ENCRYPTED), ({ index: at }) => encryptedAt(text, at));
  return [...versioned, ...encrypted]
    .filter((found) => found !== undefined)
    .toSorted((a, b) => a.at - b.at || b.element.length - a.element.length);
}

function keyAt(text: string, at: number, tag: number): Element | undefined {
  const form = FORMS[tag];
  const element = elementAt(text, at, MOST_KEY_BYTES);
  if (!form || !element || !isKey(element, form.type)) return undefined;
  return { at, element, sight: sightOf('der', form.label, false, element) };
}

/** An algorithm, and an octet string to the end. */
function encryptedAt(text: string, at: number): Element | undefined {
  const element = elementAt(text, at, MOST_KEY_BYTES);
  if (!element) return undefined;
  const inner = text.slice(at, at + element.length);
  const algorithmAt = headLength(inner, 0);
  const algorithm = elementAt(inner, algorithmAt, MOST_KEY_BYTES);
  const rest = algorithmAt + (algorithm?.length ?? 0);
  if (!algorithm || inner[rest] !== '\x04') return undefined;
  if (elementAt(inner, rest, MOST_KEY_BYTES)?.length !== inner.length - rest) return undefined;
  return { at, element, sight: sightOf('der', 'ENCRYPTED PRIVATE KEY', true, element) };
}

function isKey(key: Buffer, type: 'pkcs8' | 'sec1' | 'pkcs1'): boolean {
  try {
    return createPrivateKey({ key, format: 'der', type }).type === 'private';
  } catch {
    return false;
  }
}

function storeAt(text: string, at: number): Element | undefined {
  const whole = elementAt(text, at, MOST_STORE_BYTES);
  const element = whole ?? latin1(text, at, MOST_STORE_BYTES);
  const encrypted = isLocked(element);
  if (encrypted !== undefined)
    return { at, element, sight: sightOf('pkcs12', 'PKCS#12', encrypted, element) };
  if (whole || !element.subarray(0, STORE_HEAD_BYTES).includes(PKCS7_DATA)) return undefined;
  const large = elementAt(text, at, text.length) ?? element;
  return { at, element: large, sight: sightOf('pkcs12', 'PKCS#12', true, element) };
}

/** Whether the empty password does not open it; undefined for what is no PKCS#12, or is not there whole. */
function isLocked(pfx: Buffer): boolean | undefined {
  try {
    createSecureContext({ pfx, passphrase: '' });
    return false;
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (message === 'mac verify failure') return true;
    // The password fits, and a cipher of former days is switched off: whoever has the file can read it.
    return code === 'ERR_CRYPTO_UNSUPPORTED_OPERATION' ? false : undefined;
  }
}

function sightOf(format: 'der' | 'pkcs12', label: string, encrypted: boolean, bytes: Buffer): Sight {
  return { kind: 'private_key', format, label, encrypted, secret: hash('sha256', bytes) };
}

/** The element that begins there, whole; undefined where the text does not hold it, or it is longer than that. */
function elementAt(text: string, at: number, most: number): Buffer | undefined {
  const start = at + headLength(text, at);
  const first = text.charCodeAt(at + 1);
  if (first === INDEFINITE) return undefined;
  let length = first < INDEFINITE ? first : 0;
  for (let index = at + 2; index < start; index++) length = length * 256 + text.charCodeAt(index);
  const end = start + length;
  return end - at <= most && end <= text.length ? latin1(text, at, end - at) : undefined;
}

/** Of tag and length, in bytes. */
function headLength(text: string, at: number): number {
  const first = text.charCodeAt(at + 1);
  return first > INDEFINITE ? 2 + first - INDEFINITE : 2;
}

function latin1(text: string, at: number, length: number): Buffer {
  return Buffer.from(text.slice(at, at + length), 'latin1');
}

const BEGIN = /-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----/g;
const HEADER_CHARACTERS = 1_024;
const HEADERS_WITHIN = 256;
/** Line ends and slashes as JSON writes them, also escaped more than once. */
const ESCAPED_LINE_ENDS = /\\+[nrt]/g;
const ESCAPED_SLASH = /\\+\//g;
const HEADER_LINES = /^[ \t]*[A-Za-z][A-Za-z0-9-]*: .*$/gm;
/** The first line of the body, behind what programs put between lines: prose has no word so long. */
const BODY = /^([\s"'`,+>|*#;()\\]*)([A-Za-z0-9+/=]{40,})/;
/** Where even the line end is missing: how DER begins, and OpenSSH's form. */
const BEGINNINGS = /^(?:M[A-Z]|b3BlbnNzaC1rZXk)/;
const SAYS_ENCRYPTED = /ENCRYPTED/;
/** OpenSSH's form with the cipher `none`. */
const OPENSSH_PLAIN = /^b3BlbnNzaC1rZXktdjEAAAAABG5vbmU/;

/** Private keys in PEM (RFC 7468, RFC 1421) and OpenSSH's form, also escaped in strings, also without their end. */
export const pemKeys: Recogniser = {
  needles: ['PRIVATE KEY'],
  *find(text) {
    for (const { 0: begin, 1: label = '', index: at } of text.matchAll(BEGIN)) {
      const after = text
        .slice(at + begin.length, at + begin.length + HEADER_CHARACTERS)
        .replaceAll(ESCAPED_LINE_ENDS, '\n')
        .replaceAll(ESCAPED_SLASH, '/');
      const [, between = '', body = ''] = BODY.exec(after.replaceAll(HEADER_LINES, '')) ?? [];
      if (body === '' || (between === '' && !BEGINNINGS.test(body))) continue;
      const encrypted = label.startsWith('OPENSSH')
        ? !OPENSSH_PLAIN.test(body)
        : SAYS_ENCRYPTED.test(label) || SAYS_ENCRYPTED.test(after.slice(0, HEADERS_WITHIN));
      yield { at, sight: { kind: 'private_key', format: 'pem', label, encrypted, secret: body } };
    }
  },
};

const LINE_END = String.raw`(?:\r?\n|(?:\\{1,8}r)?\\{1,8}n)`;
const PUTTY = new RegExp(
  String.raw`PuTTY-User-Key-File-[1-3]: ([\w@.-]{1,64})${LINE_END}Encryption: ([\w-]{1,32})${LINE_END}`,
  'g',
);
const SSH2 = /---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----/g;
/** Comment and public key stand before the private lines: those of the largest RSA keys take 3 KiB. */
const PRIVATE_LINES = /Private-Lines: [1-9]/;
const KEY_CHARACTERS = 8_192;
/** The body, behind headers: the magic number 0x3f6ff9eb, a length, the type of the key and its cipher, in base64. */
const SSH2_BODY = /P2\/56[A-Za-z0-9+/=\s]{20,600}/;
const SSH2_TYPE_AT = 8;

/** Private keys in the forms of PuTTY (`.ppk`, versions 1 to 3) and of SSH Communications' SSH2. */
export const sshKeys: Recogniser = {
  needles: ['PuTTY-User-Key-File-', '---- BEGIN SSH2 '],
  *find(text) {
    for (const { 0: all, 1: type = '', 2: cipher, index: at } of text.matchAll(PUTTY)) {
      const behind = text.slice(at + all.length, at + all.length + KEY_CHARACTERS);
      if (!PRIVATE_LINES.test(behind)) continue;
      yield { at, sight: key('putty', `PuTTY ${type}`, cipher !== 'none', all + behind.slice(0, 512)) };
    }
    for (const { 0: begin, index: at } of text.matchAll(SSH2)) {
      const [body] = SSH2_BODY.exec(text.slice(at + begin.length, at + begin.length + KEY_CHARACTERS)) ?? [];
      if (body === undefined) continue;
      yield { at, sight: key('ssh2', 'SSH2', cipherOf(Buffer.from(body, 'base64')) !== 'none', body) };
    }
  },
};

function key(format: 'putty' | 'ssh2', label: string, encrypted: boolean, secret: string): Sight {
  return { kind: 'private_key', format, label, encrypted, secret };
}

function cipherOf(body: Buffer): string | undefined {
  const cipherAt = SSH2_TYPE_AT + 4 + lengthAt(body, SSH2_TYPE_AT);
  const start = cipherAt + 4;
  return body.toString('latin1', start, start + lengthAt(body, cipherAt));
}

function lengthAt(body: Buffer, at: number): number {
  return at + 4 <= body.length ? body.readUInt32BE(at) : 0;
}
