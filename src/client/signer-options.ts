import type { Credential } from './service.ts';

/** What a signer is made of. */
export interface SignerOptions {
  /** The data plane of the service, such as `https://keys.example.com`. */
  readonly url: string | URL;
  /** The id of the key scope that tokens are signed for. */
  readonly scope: string;
  /** Of a client with the grant `sign`; a function is asked each time. */
  readonly credential: Credential;
  /** From the call to the token, retries included; 10,000 by default. */
  readonly deadlineMs?: number | undefined;
  /** In place of the global one. */
  readonly fetch?: typeof fetch | undefined;
}

/** What may be said of one token beside its claims. */
export interface SignOptions {
  /** How long it is good; the scope's policy has a default and a longest life. */
  readonly ttlSeconds?: number | undefined;
  /** The `typ` header, one of those that the scope's policy allows. */
  readonly typ?: string | undefined;
}

/** What your issuer says; the service writes `iss`, `aud`, `iat`, `nbf`, `exp` and `jti` and refuses them here. */
export type CallerClaims = Readonly<Record<string, unknown>> & {
  readonly iss?: never;
  readonly aud?: never;
  readonly iat?: never;
  readonly nbf?: never;
  readonly exp?: never;
  readonly jti?: never;
};

/** A token as it was made, and what the service wrote into it. */
export interface SignedToken {
  /** The compact JWS. */
  readonly token: string;
  /** The key that has signed it. */
  readonly kid: string;
  /** The token's own id, to revoke it by. */
  readonly jti: string;
  /** When it was issued, in seconds since the epoch. */
  readonly iat: number;
  /** When it expires, in seconds since the epoch. */
  readonly exp: number;
}
