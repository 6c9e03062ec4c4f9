import { z } from 'zod';

/** 32 bytes in base64url without padding: 43 characters whose last holds four bits. */
const DIGEST = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** All that the service is told of a credential that was made elsewhere. */
export const requiredDigest = z
  .string('use the digest as text')
  .regex(DIGEST, 'use SHA-256 of the credential, 32 bytes in base64url');

/** Null where the service is to make it. */
export const credentialDigest = requiredDigest.nullable().default(null).meta({
  description:
    'SHA-256 of the new credential, base64url: `keyward … --out FILE` makes one and sends this. Required where a second person has to approve; otherwise the service may make the credential.',
});

export const credentialRequest = z
  .strictObject({ credential_digest: credentialDigest })
  .meta({ id: 'CredentialRequest' });
