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
  /** `store_unavailable` where other fronts may have revoked something that is not known here. */
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

export function isInForce({ lapsesAt }: Pick<Revocation, 'lapsesAt'>, now: number): boolean {
  return lapsesAt === null || lapsesAt > now;
}

/**
 * Where revocations and audit events do not testify to each other. `untold`: no event testifies to the row. `changed`:
 * its event tells it otherwise. `gone`: the event's row is gone, and others follow. `cut`: none follows. `again`: it was
 * made again, as later events and their rows say.
 */
export interface RevocationFlaw extends BrokenChain {
  readonly kind: 'untold' | 'changed' | 'gone' | 'cut' | 'again';
  /** Sequence of the audit event; 0 where there is none. */
  readonly event: number;
  /** The later events. */
  readonly by?: readonly number[];
  /** Where the row that is gone was made again itself: the event of the one before it. */
  readonly insteadOf?: number;
}

/** A stretch of the audit trail, recomputed, with the revocations that it testifies to. */
export interface RevocationPage {
  /** The last event read. */
  readonly at: ChainHead;
  /** The first event that does not follow from the one before it, or is no longer what was seen. */
  readonly broken: BrokenChain | undefined;
  readonly flaws: readonly RevocationFlaw[];
  readonly inForce: readonly Revocation[];
  /** The greatest number that its events tell of; 0 for none. */
  readonly lastNumber: number;
  readonly isEnd: boolean;
}

/** A rule that is made again for one that is gone. */
export interface StandIn {
  readonly rule: NewRevocation;
  /** Sequence of the audit event of the one that is gone. */
  readonly insteadOf: number;
}

/** Revocations, durable. An audit event, which commits with it, testifies to each (I10). */
export interface RevocationStore {
  /**
   * The events that follow one, some at a time; `now`: revocations that have not lapsed then are answered, null for
   * none. `seen`: where an earlier walk ended; the trail must still go that far. `store_unavailable`, `overloaded`.
   */
  page(after: ChainHead, now: number | null, seen?: ChainHead): Promise<RevocationPage>;
  /** `audit_trail_refused` where the database ends with another than the writer left. */
  append(revocation: NewRevocation, actor: Actor): Promise<Revocation>;
  /**
   * Makes all of them or none, in the service's name. Numbers up to `lastNumber` are not given again, to these and to
   * those that follow.
   */
  makeAgain(standIns: readonly StandIn[], lastNumber: number): Promise<readonly Revocation[]>;
}

/** As another front made it, unless no audit event that counts tells of it: then somebody may have planted it. */
export interface FoundRevocation {
  readonly revocation: Revocation;
  readonly isTold: boolean;
}
