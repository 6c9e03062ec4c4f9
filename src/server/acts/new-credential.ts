import type { CredentialKind } from '../../domain/access-store.ts';
import { makeCredential } from '../../kernel/credential.ts';
import { KeywardError } from '../../kernel/errors.ts';

/**
 * The digest as it was told, or that of a credential made here, whose text whoever asked is shown this once. A
 * second person's approval never ends with a credential in somebody's hands: it has been made before.
 */
export function newCredential(kind: CredentialKind, told: string | null) {
  if (told !== null) return { digest: Buffer.from(told, 'base64url'), shown: {} };
  const { text, digest } = makeCredential(kind);
  return { digest, shown: { credential: text } };
}

export function requireDigest(told: string | null): void {
  if (told !== null) return;
  throw new KeywardError(
    'credential_digest_required',
    'credential_digest: whoever will use the credential makes it and tells its SHA-256 (keyward … --out FILE does).',
  );
}
