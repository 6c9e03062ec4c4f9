import { KeywardError } from './errors.ts';
import type { WrittenType } from './policy.ts';
import type { RequestTrace, Span } from './trace.ts';

export interface TokenRequest {
  readonly scopeId: string;
  readonly clientId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly ttlSeconds?: number | undefined;
  readonly typ?: WrittenType | undefined;
  readonly trace?: RequestTrace | undefined;
}

/** I2's exception: what an identity server that writes all claims itself wants signed, as it is. */
export interface JwsRequest {
  readonly scopeId: string;
  readonly clientId: string;
  /** `header.claims` of RFC 7515 §5.1. */
  readonly signingInput: string;
  readonly trace?: RequestTrace | undefined;
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
  /** Of the trace that the request belonged to: 32 hex digits. */
  readonly traceId: string | null;
  readonly iat: number;
  readonly exp: number;
}

export interface Recording {
  readonly span?: Span | undefined;
  /** Asked where another front restricted something meanwhile: no record is written of what does not stand any more. */
  readonly stands?: (() => boolean) | undefined;
}

export interface Ledger {
  /**
   * Settles once the record is durable (I5). `ledger_unavailable` when it could not be written, `overloaded`
   * when too many records wait; `jti_used` where the `jti` is a caller's own and the scope has a record of it;
   * `Superseded` where the token does not stand any more.
   */
  record(record: IssuanceRecord, recording?: Recording): Promise<void>;
}

/** Before the token was recorded, another front changed what it was made by: it is to be made anew. */
export class Superseded extends KeywardError {
  constructor() {
    super('no_active_key', 'what signs for this scope is changing; try again', { retryAfterSeconds: 1 });
  }
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

/** The reserved subject of probe tokens. It has no rights anywhere, and no caller gets a token for it. */
export const PROBE_SUBJECT = 'keyward-probe';

/** The client that probe tokens are issued to: Keyward itself, under a name that no client can have. */
export const PROBE_CLIENT = 'keyward:probe';

/** Reserved never to exist (RFC 2606 §2): a scope of this issuer serves nobody, and a drill hits no other. */
export const DRILL_ISSUER = 'https://drill.invalid';

/** A client or a subject, and how many tokens it has. */
interface Share {
  readonly name: string;
  readonly tokens: number;
}

/** Those with the most tokens first, and how many were left out. */
export interface Shares {
  readonly listed: readonly Share[];
  readonly more: number;
}

/** What a key had signed, and what of it was alive at an instant; from the ledger. Seconds since the epoch. */
export interface KeyUse {
  readonly liveTokens: number;
  readonly clients: Shares;
  /** As the scope's policy has them recorded; tokens without one are in no share. */
  readonly subjects: Shares;
  /** Null where it issued nothing that is still on record. */
  readonly firstIssuedAt: number | null;
  readonly lastIssuedAt: number | null;
  /** False where there was more to read than was read: then all of it is at least so. */
  readonly complete: boolean;
}

export interface KeyUseQuestion {
  readonly kid: string;
  readonly at: number;
  /** No record of the key is older, and none of a token alive at that instant was issued longer before it. */
  readonly since: number;
  readonly longestTtlSeconds: number;
}

/** Away from the hot path and from other searches. */
export interface KeyUseReader {
  /** `store_unavailable`, `overloaded`. */
  use(question: KeyUseQuestion): Promise<KeyUse>;
}
