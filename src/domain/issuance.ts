import type { TokenType } from './policy.ts';

/** Claims that the service writes (I2); a caller that sends one is refused with `reserved_claim`. */
export const RESERVED_CLAIMS = ['iss', 'aud', 'iat', 'nbf', 'exp', 'jti'] as const;

export type CallerClaims = Readonly<Record<string, unknown>> & {
  readonly [name in (typeof RESERVED_CLAIMS)[number]]?: never;
};

export interface TokenRequest {
  readonly scopeId: string;
  readonly clientId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly ttlSeconds?: number | undefined;
  readonly typ?: TokenType | undefined;
}

export interface IssuedToken {
  readonly token: string;
  readonly kid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/** The hot path of DESIGN §5. The caller has authenticated the client; the grant is checked here. */
export interface TokenIssuer {
  issue(request: TokenRequest): Promise<IssuedToken>;
}
