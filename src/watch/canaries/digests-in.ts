import { digestOfCredential } from '../../kernel/credential.ts';
import { digestOf } from '../../token/signing-input.ts';

/**
 * A credential, or what is signed of a token: an encoded JSON object begins like this. Tokens are looked for at the
 * beginning of a segment alone, so that no text takes long.
 */
const SECRET = /kw_(?:svc|ops)_[0-9A-Za-z]{36}|(?<![\w-])eyJ[\w-]+\.[\w-]+/g;
const BASIC = /^basic +([\w+/-]+)/i;
const MOST_FOUND = 16;

/** Of the credentials and tokens in a text, as decoys are known by, whatever stands before and after them. */
export function digestsIn(text: string): readonly Buffer[] {
  const [, encoded] = BASIC.exec(text) ?? [];
  const plain = encoded === undefined ? text : Buffer.from(encoded, 'base64').toString('latin1');
  const found = Array.from(formDecoded(plain).matchAll(SECRET), ([secret]) => secret).slice(0, MOST_FOUND);
  return found.map((secret) => (secret.startsWith('kw_') ? digestOfCredential(secret) : digestOf(secret)));
}

/** As forms have it, and the Basic scheme of OAuth: `_` and `.` may be written `%5F` and `%2E`. */
function formDecoded(text: string): string {
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
