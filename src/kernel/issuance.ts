import { foldName } from '../domain/fold-name.ts';
import type { WrittenType } from './policy.ts';

/** Claims that the service writes (I2); a caller that sends one is refused with `reserved_claim`. */
export const RESERVED_CLAIMS = ['iss', 'aud', 'iat', 'nbf', 'exp', 'jti'] as const;

const RESERVED: ReadonlySet<string> = new Set(RESERVED_CLAIMS);

/** Whether some verifier takes a claim of that name for one of the reserved ones, or it is one. */
export function readsAsReserved(name: string): boolean {
  return RESERVED.has(foldName(name));
}

export interface TokenRequest {
  readonly scopeId: string;
  readonly clientId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly ttlSeconds?: number | undefined;
  readonly typ?: WrittenType | undefined;
}

/** I2's exception: what an identity server that writes all claims itself wants signed, as it is. */
export interface JwsRequest {
  readonly scopeId: string;
  readonly clientId: string;
  /** `header.claims` of RFC 7515 §5.1. */
  readonly signingInput: string;
}

/** In characters: 16 random bytes as base64url. */
export const WRITTEN_JTI_LENGTH = 22;

/** A caller's own `jti` is always longer, so that it can never be one that Keyward wrote. */
export const CALLER_JTI_LENGTH = { min: 24, max: 128 } as const;

export interface IssuedToken {
  readonly token: string;
  readonly kid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  /** To be asked again where the token has waited for others since: what it rests on may have been revoked. */
  canRelease(): boolean;
}

/** The hot path of DESIGN §5. The caller has authenticated the client; the grant is checked here. */
export interface TokenIssuer {
  issue(request: TokenRequest | JwsRequest): Promise<IssuedToken>;
}
