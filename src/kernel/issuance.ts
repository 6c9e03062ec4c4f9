import type { WrittenType } from './policy.ts';

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

/** One token, as the issuer remembers it. */
export interface IssuanceRecord {
  /** SHA-256 of the signing input: 32 bytes. Never of the whole token, whose signature can be altered. */
  readonly digest: Buffer;
  readonly scopeId: string;
  readonly kid: string;
  readonly jti: string;
  readonly clientId: string;
  /** As the scope's policy has it recorded; null where there is none, or once it is erased. */
  readonly subject: string | null;
  /** The root event that the token came from, such as one sign-in; null as above. */
  readonly root: string | null;
  readonly iat: number;
  readonly exp: number;
}

export interface Ledger {
  /**
   * Settles once the record is durable (I5). `ledger_unavailable` when it could not be written, `overloaded`
   * when too many records wait; `jti_used` where the `jti` is a caller's own and the scope has a record of it.
   */
  record(record: IssuanceRecord): Promise<void>;
}

/** A record as read back. */
export type RecordedToken = IssuanceRecord;

/**
 * What the issuer remembers of tokens that may still be good. Rows that went to an archive are not looked for:
 * their tokens have long expired. `ledger_unavailable`, `overloaded`.
 */
export interface LedgerReader {
  /**
   * By the token's digest and its `iat`, which the digest covers. Undefined where there is no record, and where
   * there is one whose group no run of the service sealed, or was not committed with it.
   */
  find(digest: Buffer, iat: number): Promise<RecordedToken | undefined>;
}

/** A record by its digest and the `iat` that the digest covers. */
export interface RecordQuery {
  readonly digest: Buffer;
  readonly iat: number;
}

/**
 * The ledger's way to what storage holds. `overloaded`, `rate_limited`, `shutting_down`, or any other failure to read.
 */
export interface RecordLookup {
  /** A record whose group no run of the service sealed, or was not committed with it, is none. */
  find(digest: Buffer, iat: number): Promise<RecordedToken | undefined>;
  /** Whether each is recorded for the scope, in order, by the same rule. Owners that ask at once take turns. */
  known(scopeId: string, query: readonly RecordQuery[], owner: string): Promise<readonly boolean[]>;
}
