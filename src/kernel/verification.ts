import type { KeyState } from './key.ts';
import type { RequestTrace } from './trace.ts';

/** Why a token is refused: the closed list of DESIGN §8, as `verify` and the client library answer it. */
export const REFUSAL_REASONS = [
  'malformed',
  'unsupported_algorithm',
  'unknown_key',
  'wrong_scope',
  'bad_signature',
  'wrong_type',
  'wrong_issuer',
  'wrong_audience',
  'expired',
  'not_yet_valid',
  'outside_signing_window',
  'lifetime_too_long',
  'key_suspended',
  'key_compromised',
  'key_retired',
  'revoked',
  'never_issued',
  'record_lost',
] as const;

/** One of `REFUSAL_REASONS`. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Who shows a token, or tells of one: what an alarm says of whom and whence. */
export interface RequestOrigin {
  /** Null for whoever reports a token: it is anybody. */
  readonly clientId: string | null;
  /** The address that the request came from. */
  readonly remote: string | undefined;
  readonly requestId: string;
  /** The trace that the request belongs to. */
  readonly trace?: RequestTrace | undefined;
  /** How it is shown, where not to have it verified. */
  readonly through?: 'introspect' | 'report';
}

export type Verdict =
  | {
      readonly valid: true;
      readonly claims: Readonly<Record<string, unknown>>;
      readonly kid: string;
      readonly keyState: KeyState;
    }
  | {
      readonly valid: false;
      readonly reason: RefusalReason;
      /** A header that no honest issuer of ours writes (`jku`, `jwk`, `crit` …); counted as a security event. */
      readonly suspiciousHeader?: string;
    };

/** Verifies a token *for a scope* that the relying service names; there is no other way to verify one (I4). */
export interface TokenVerifier {
  /**
   * Never throws for what was presented as a token. `unknown_scope` where the scope does not exist. By whom it is
   * presented changes no verdict: it is for what watches.
   */
  verify(scopeId: string, presented: unknown, by?: RequestOrigin): Promise<Verdict>;
}

/** A token that a relying service accepted. */
export interface Sighting {
  /** SHA-256 of the signing input: 32 bytes. */
  readonly digest: Buffer;
  /** The token's `iat`, in whole seconds since the epoch: where its record would be. */
  readonly iat: number;
}

/** What relying services say they accepted. */
export interface Sightings {
  /**
   * The digests that are not recorded for the scope. Unknown is no verdict: a digest proves nothing, so the relying
   * service then has the token itself verified. Saying it twice changes nothing.
   * `ledger_unavailable`, `overloaded`, `rate_limited`.
   */
  unknown(scopeId: string, sightings: readonly Sighting[], by?: RequestOrigin): Promise<readonly Buffer[]>;
}
