import { z } from 'zod';
import { digestText } from './digest.ts';

/** All that the service is told of a credential that was made elsewhere. */
export const requiredDigest = digestText('credential');

/** Null where the service is to make it. */
export const credentialDigest = requiredDigest.nullable().default(null).meta({
  description:
    'SHA-256 of the new credential, base64url: `keyward … --out FILE` makes one and sends this. Required where a second person has to approve; otherwise the service may make the credential.',
});

export const credentialRequest = z
  .strictObject({ credential_digest: credentialDigest })
  .meta({ id: 'CredentialRequest' });
