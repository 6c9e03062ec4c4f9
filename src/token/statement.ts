import type { KeyObject } from 'node:crypto';
import { JOSEError } from 'jose/errors';
import { compactVerify } from 'jose/jws/compact/verify';
import { parseToken, type TokenHeader } from './parse-token.ts';

/** The only algorithm of the service's own keys. */
export const SERVICE_ALGORITHM = 'ES256';
const P256 = 'prime256v1';

export type Claims = Readonly<Record<string, unknown>>;

/** A public key of the service. */
export interface StatementKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
}

/**
 * The claims of a compact JWS that a key of the service signed as that `typ`. `keyOf` gets the claims before they are
 * verified. Undefined unless the strict reading passes, the header is that of a statement, and the signature is right.
 */
export async function readStatement(
  jws: string,
  typ: string,
  keyOf: (kid: string, claims: Claims) => StatementKey | undefined,
): Promise<Claims | undefined> {
  // jose takes members that are named twice and stray bits of base64url, so what it decodes is not used.
  const parsed = parseToken(jws);
  if (!parsed.ok) return undefined;
  const { header, claims } = parsed.token;
  const key = keyOf(header.kid, claims);
  if (!key || !isStatementHeader(header, typ, key.kid)) return undefined;
  return (await isSignedBy(jws, key.publicKey)) ? claims : undefined;
}

/** `alg`, `typ` and `kid` as they must be, and no other member. */
export function isStatementHeader(
  header: TokenHeader,
  typ: string,
  kid: string,
  alg: string = SERVICE_ALGORITHM,
): boolean {
  return header.alg === alg && header.typ === typ && header.kid === kid && Object.keys(header).length === 3;
}

/** Whether the key signed that compact JWS with ES256. A key of another kind did not. */
export async function isSignedBy(jws: string, publicKey: KeyObject): Promise<boolean> {
  if (publicKey.asymmetricKeyDetails?.namedCurve !== P256) return false;
  try {
    await compactVerify(jws, publicKey, { algorithms: [SERVICE_ALGORITHM] });
    return true;
  } catch (error) {
    // With a cause, the check itself failed.
    if (error instanceof JOSEError && error.cause === undefined) return false;
    throw error;
  }
}
