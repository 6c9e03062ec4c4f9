import type { StoredEvent } from '../kernel/audit.ts';
import type { PublicJwk, SigningKey } from '../kernel/key.ts';
import type { KeyProofStatement } from '../kernel/key-proof.ts';
import type { Scope } from '../kernel/scope.ts';

/** One of the keys that a scope was made with, as it was then. */
export interface CeremonyKey {
  readonly key: SigningKey;
  readonly stateThen: string;
  readonly proof: KeyProofStatement;
  /** The proof as a compact JWS by the key itself. */
  readonly statement: string;
  /** Who signed the binding record: to be believed by its thumbprint alone. */
  readonly bindingJwk: PublicJwk;
}

/** How a scope came to be: who made it and when, and what the HSM showed of its keys. */
export interface Ceremony {
  readonly scope: Scope;
  /** `scope.created`: its actor asked for it, its time is that of the commit. */
  readonly event: StoredEvent;
  /** Null where one person did it alone. */
  readonly approval: {
    readonly proposalId: string;
    readonly approvedBy: string;
    readonly proposedAt: number | null;
  } | null;
  readonly keys: readonly CeremonyKey[];
}

export interface Ceremonies {
  /**
   * From the audit event of the scope's making, each key held against its row and its binding record. `unknown_scope`,
   * `ceremony_unrecorded`, `key_unproven` or `binding_refused` where the record does not hold, `store_unavailable`.
   */
  of(scopeId: string): Promise<Ceremony>;
}
