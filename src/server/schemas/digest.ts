import { z } from 'zod';

/** 32 bytes in base64url without padding: 43 characters whose last holds four bits. */
const DIGEST = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** SHA-256 of what `of` says, in base64url. */
export function digestText(of: string) {
  return z.string('use the digest as text').regex(DIGEST, `use SHA-256 of the ${of}, 32 bytes in base64url`);
}
