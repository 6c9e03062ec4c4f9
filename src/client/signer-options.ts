import type { Credential } from './service.ts';

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

export interface SignOptions {
  readonly ttlSeconds?: number | undefined;
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

export interface SignedToken {
  readonly token: string;
  readonly kid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}
