import { KeywardError } from '../kernel/errors.ts';

/** No credential of ours comes near it. */
const LONGEST_HEADER = 256;
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** The token of an `Authorization` header (RFC 6750 §2.1). `credential_missing`, `credential_malformed`. */
export function bearerToken(authorization: string | undefined): string {
  if (!authorization) {
    throw new KeywardError('credential_missing', 'Send your credential as `Authorization: Bearer kw_…`.');
  }
  const token = readBearer(authorization);
  if (token === undefined) throw malformedCredential();
  return token;
}

/** The same; undefined where there is none, or nothing of that form. */
export function readBearer(authorization: string | undefined): string | undefined {
  if (!authorization || authorization.length > LONGEST_HEADER) return undefined;
  return BEARER.exec(authorization)?.[1];
}

export function malformedCredential(): KeywardError {
  return new KeywardError(
    'credential_malformed',
    'This is no Keyward credential: send `Authorization: Bearer kw_…`, complete and unchanged.',
  );
}
