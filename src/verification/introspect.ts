import type { RequestOrigin, TokenVerifier } from '../kernel/verification.ts';
import { isObject } from '../lib/json.ts';

/** RFC 7662 §2.2. `scope` is OAuth's claim, not the key scope. */
type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly token_type: 'Bearer' | 'DPoP';
      readonly iss: string;
      readonly aud: string;
      readonly exp: number;
      readonly iat: number;
      readonly nbf?: number;
      readonly sub?: string;
      readonly jti?: string;
      readonly client_id?: string;
      readonly username?: string;
      readonly scope?: string;
      /** RFC 7800: left out, a token bound to its holder's key would pass for one that anyone may use. */
      readonly cnf?: Readonly<Record<string, unknown>>;
    };

type Claims = Readonly<Record<string, unknown>>;

/**
 * What an OAuth resource server learns of a token for that key scope. Foreign, unknown, malformed and expired
 * all answer alike, so that nobody can sound out other scopes. `unknown_scope` as from the verifier.
 */
export async function introspect(
  verifier: TokenVerifier,
  scopeId: string,
  token: string,
  by?: RequestOrigin,
): Promise<Introspection> {
  const verdict = await verifier.verify(scopeId, token, by && { ...by, through: 'introspect' });
  return verdict.valid ? describe(verdict.claims) : { active: false };
}

const OPTIONAL = {
  sub: isText,
  nbf: Number.isFinite,
  jti: isText,
  client_id: isText,
  username: isText,
  scope: isText,
  cnf: isObject,
} as const satisfies Record<string, (value: unknown) => boolean>;

function describe(claims: Claims): Introspection {
  const optional = Object.entries(OPTIONAL).filter(([name, fits]) => fits(claims[name]));
  return {
    active: true,
    token_type: isBoundByDpop(claims.cnf) ? 'DPoP' : 'Bearer',
    iss: claims.iss as string,
    aud: [claims.aud].flat()[0] as string,
    exp: claims.exp as number,
    iat: claims.iat as number,
    ...Object.fromEntries(optional.map(([name]) => [name, claims[name]])),
  };
}

/** RFC 9449 §6.2. */
function isBoundByDpop(cnf: unknown): boolean {
  return isObject(cnf) && typeof cnf.jkt === 'string';
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
