export type Claims = Readonly<Record<string, unknown>>;

/** Claims of a token that was found good. Frozen: repeated verification gives the same object. */
export interface TokenClaims {
  readonly iss: string;
  readonly aud: string | readonly [string];
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
  /** Always there unless the scope's policy does not ask for it. */
  readonly sub?: string;
  readonly jti?: string;
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
