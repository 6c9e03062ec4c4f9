import { hash } from 'node:crypto';
import type { CredentialKind } from '../domain/access-store.ts';
import { CHECKED_SECRET_LENGTH, isCheckedSecret, makeCheckedSecret } from '../domain/checked-secret.ts';

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
