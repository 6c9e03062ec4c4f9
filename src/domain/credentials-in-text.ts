import { type Credential, readCredential } from '../kernel/credential.ts';

/** A credential within a text. */
export interface CredentialInText extends Credential {
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
