export type Claims = Readonly<Record<string, unknown>>;

/** Claims of a token that was found good. Frozen: repeated verification gives the same object. */
export interface TokenClaims {
  /** The issuer that the verifier was made with. */
  readonly iss: string;
  /** The audience that the verifier was made with, alone or as a list of one. */
  readonly aud: string | readonly [string];
  /** When it expires, in seconds since the epoch, before the scope's clock skew. */
  readonly exp: number;
  /** When it was issued, in seconds since the epoch. */
  readonly iat: number;
  /** From when on it is good, in seconds since the epoch. */
  readonly nbf?: number;
  /** Always there unless the scope's policy does not ask for it. */
  readonly sub?: string;
  /** The token's own id; always there in an access token. */
  readonly jti?: string;
  /** The OAuth client that it was issued to; always there in an access token. */
  readonly client_id?: string;
  readonly [name: string]: unknown;
}

/** The same value, whose members nobody can change. Depth is bounded by how tokens are read. */
export function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFrozen(member);
    Object.freeze(value);
  }
  return value;
}
