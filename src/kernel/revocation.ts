import { createHash } from 'node:crypto';
import type { Subscribable } from '../lib/emitter.ts';
import type { Actor } from './actor.ts';
import type { BrokenChain, ChainHead } from './audit-chain.ts';
import type { IssuanceRecord } from './issuance.ts';

/** The audit event that comes with each revocation. */
export const REVOCATION_ADDED = 'revocation.added';

/** Which tokens are revoked: those that every member given fits. At least one member names tokens. */
export interface RevocationRule {
  /** Null: of every scope. */
  readonly scopeId: string | null;
  readonly jti: string | null;
  /** The root event, such as one sign-in. */
  readonly root: string | null;
  readonly clientId: string | null;
  /** First and last `iat`, seconds since the epoch; null is open. */
  readonly issuedFrom: number | null;
  readonly issuedUntil: number | null;
}

export interface Revocation extends RevocationRule {
  /** Grows by one with each revocation. */
  readonly sequence: number;
  readonly createdAt: number;
  /** From then on no token that the rule fits can be alive; null where there is no such time. */
  readonly lapsesAt: number | null;
  /** An operator's id, or `client:<id>`. */
  readonly revokedBy: string;
  readonly reason: string;
}

/** What a rule looks at. */
export type RevocableToken = Pick<IssuanceRecord, 'scopeId' | 'jti' | 'root' | 'clientId' | 'iat'>;

/** In memory, so that what is revoked is refused with the answer to who revoked it. */
export interface RevocationCheck {
  covers(token: RevocableToken): boolean;
}

/** What is told to verifiers, who cannot ask for each token. */
export interface WatchedRevocations {
  /** Each rule, once it is durable and in force. */
  readonly added: Subscribable<Revocation>;
  /** Those that may fit tokens of the scope, read as they are taken: rules may come and go meanwhile. */
  concerning(scopeId: string): Iterable<Revocation>;
}

/** Settles once the revocation is durable and in force; what is revoked already is not revoked again. */
export interface Revoker {
  /** `store_unavailable`, `overloaded`. */
  revokeToken(
    token: { readonly scopeId: string; readonly jti: string; readonly exp: number },
    actor: Actor,
  ): Promise<void>;
}

/** RFC 7009 §2.1 for that key scope. `unknown_scope`, and as `Revoker`. */
export interface TokenRevocation {
  /**
   * Settles alike for a token that needs no revoking: foreign, malformed, forged without the key, expired. `remote` is
   * the address of whoever asks.
   */
  revoke(scopeId: string, token: string, actor: Actor, remote?: string): Promise<void>;
}

export interface RevocationAdministration {
  /**
   * `invalid_revocation` for a rule that names no tokens, `unknown_scope`, `store_unavailable`, `overloaded`.
   */
  revoke(rule: RevocationRule, reason: string, actor: Actor): Promise<Revocation>;
  /** Those in force, the newest first; `before` is the sequence of the last one seen. */
  list(page: { readonly before?: number | undefined; readonly limit: number }): readonly Revocation[];
}

export type NewRevocation = Omit<Revocation, 'sequence'>;

/** A stretch of the chain of revocations, each recomputed. */
export interface RevocationPage {
  /** The last one read. */
  readonly at: ChainHead;
  /** The first that is not as it was made. */
  readonly broken: BrokenChain | undefined;
  readonly inForce: readonly Revocation[];
  readonly isEnd: boolean;
}

/** Revocations, durable and chained. Each commits with its audit event (I10). */
export interface RevocationStore {
  /**
   * Those that follow an element of the chain, some at a time; `now`: those that have not lapsed then are answered,
   * null for none. `store_unavailable`, `overloaded`.
   */
  page(after: ChainHead, now: number | null): Promise<RevocationPage>;
  /** The last one, as the writer knows it. */
  end(): ChainHead | undefined;
  /** `audit_trail_refused` where the database ends with another than the writer left. */
  append(revocation: NewRevocation, actor: Actor): Promise<Revocation>;
}

/** A revocation as it is stored, but for its hash. */
export interface ChainedRevocation {
  readonly sequence: number;
  readonly createdAt: number;
  readonly scopeId: string | null;
  readonly jti: string | null;
  /** `commitmentTo('root', …)` of the ledger: the root event is a personal value, and erasable. */
  readonly rootCommitment: Uint8Array;
  readonly clientId: string | null;
  readonly issuedFrom: number | null;
  readonly issuedUntil: number | null;
  readonly lapsesAt: number | null;
  readonly revokedBy: string;
  readonly reason: string;
}

/** Before the first revocation. */
export const REVOCATION_GENESIS: ChainHead = { sequence: 0, hash: new Uint8Array(32) };

const TAG = Buffer.from('keyward-revocation-v1');
const ABSENT = Buffer.alloc(0);
const PRESENT = Buffer.of(1);

/**
 * SHA-256 over the tag, the hash before and every field, each with its length; what is absent has none, what is
 * there begins with a 1.
 */
export function revocationHash(previous: Uint8Array, of: ChainedRevocation): Buffer {
  const hash = createHash('sha256');
  const fields = [
    TAG,
    previous,
    number(of.sequence),
    number(of.createdAt),
    text(of.scopeId),
    text(of.jti),
    of.rootCommitment,
    text(of.clientId),
    number(of.issuedFrom),
    number(of.issuedUntil),
    number(of.lapsesAt),
    text(of.revokedBy),
    text(of.reason),
  ];
  for (const field of fields) hash.update(lengthOf(field)).update(field);
  return hash.digest();
}

function text(value: string | null): Uint8Array {
  return value === null ? ABSENT : Buffer.concat([PRESENT, Buffer.from(value)]);
}

function number(value: number | null): Uint8Array {
  if (value === null) return ABSENT;
  const bytes = Buffer.alloc(9, PRESENT);
  bytes.writeBigInt64BE(BigInt(value), 1);
  return bytes;
}

function lengthOf(field: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(field.length);
  return bytes;
}
