import type { Actor } from '../kernel/actor.ts';
import type { StoredEvent } from '../kernel/audit.ts';
import type { KeyUse } from '../kernel/issuance.ts';
import type { PublicJwk, SigningKey } from '../kernel/key.ts';
import type { KeyProofStatement } from '../kernel/key-proof.ts';
import type { Initiator } from '../kernel/key-transitions.ts';
import type { Obedience } from '../kernel/publication.ts';
import type { Scope } from '../kernel/scope.ts';
import type { KeyPlan } from './lifecycle/plans.ts';
import type { TokenPlan } from './lifecycle/token-compromise.ts';

/** What became of one key. */
export interface KeyOutcome extends Replication {
  readonly key: SigningKey;
  /** The key that signs from now on; undefined where nothing took the place of this one. */
  readonly promoted: SigningKey | undefined;
  /** It was so before; nothing was changed. */
  readonly already: boolean;
}

/** Whether it is on as many standbys as configured; where it is not, it is in effect and will be repeated until it is. */
interface Replication {
  readonly replicated: boolean;
}

interface Rotation extends Replication {
  readonly activated: SigningKey;
  /** Undefined where none signed. */
  readonly deactivated: SigningKey | undefined;
}

/** What is done to a key by its kid. */
const KEY_ACTS = ['suspend', 'compromise', 'resume', 'undo_rotation', 'destroy'] as const;
export type KeyActName = (typeof KEY_ACTS)[number];

export interface KeyActRequest {
  readonly act: KeyActName;
  readonly kid: string;
  readonly why: string;
  readonly cause: Initiator;
  /** Of a compromise: the private half stays in the HSM. */
  readonly keepForForensics?: boolean;
}

interface TokenCompromise {
  readonly hsmToken: string;
  readonly why: string;
  readonly keepForForensics: boolean;
}

/**
 * What people and alarms do to keys. Each commits with its event (I10). `unknown_key`, `transition_forbidden`,
 * `key_changed`.
 */
export interface KeyAdministration {
  /** Needs no HSM. `unknown_scope`, `no_standby`. */
  rotate(scopeId: string, why: string, cause: Initiator, actor: Actor): Promise<Rotation>;
  /** What would become of the keys, as things are; without changes where it is so already. Changes nothing. */
  preview(request: Omit<KeyActRequest, 'why'>): KeyPlan;
  /**
   * Suspending and declaring a compromise are one commit that waits for neither HSM, audit sink nor standby; the others
   * need them: `hsm_unavailable`, `audit_sink_unavailable`. What follows is done step by step.
   */
  perform(request: KeyActRequest, actor: Actor): Promise<KeyOutcome>;
  /**
   * Every key on an HSM token, in one commit that waits for neither HSM, audit sink nor standby; none is made there again.
   * Without changes where it was so before. `unknown_hsm_token`.
   */
  compromiseToken(request: TokenCompromise, actor: Actor): Promise<TokenPlan & Replication>;
}

interface LockEntry {
  readonly released: Promise<void>;
  readonly end: () => void;
  changes: number;
}

/**
 * Scopes whose signing key is about to change. Whoever wants to sign for one waits until it has: what was recorded
 * before the change was handed to the writer commits before it, and nothing of the former key is recorded after.
 */
export class IssuanceLock {
  readonly #held = new Map<string, LockEntry>();

  /** Answers how to let go. */
  acquire(scopeId: string): () => void {
    const { promise: released, resolve: end } = Promise.withResolvers<void>();
    const entry = this.#held.get(scopeId) ?? { released, end, changes: 0 };
    this.#held.set(scopeId, entry);
    entry.changes += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      entry.changes -= 1;
      if (entry.changes > 0) return;
      this.#held.delete(scopeId);
      entry.end();
    };
  }

  /** Settles when the scope is held no longer; undefined where it is not. */
  released(scopeId: string): Promise<void> | undefined {
    return this.#held.get(scopeId)?.released;
  }
}

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

/** What a compromise hits, as far as it is known by now. */
export interface CompromiseReport {
  readonly key: SigningKey;
  /** Null while it is being counted, or where it could not be. */
  readonly use: KeyUse | null;
  /** Keys whose private halves lie on the same HSM token: whoever holds its PIN holds them all. */
  readonly neighbours: readonly SigningKey[];
  /** The version of the key set in which the key is no longer, and who holds it by now. */
  readonly keySetVersion: number;
  readonly verifiers: readonly Obedience[];
}

export interface CompromiseReports {
  /**
   * Waits no longer than that for what has to be counted. `unknown_key`, and `transition_forbidden` for a key that
   * is not compromised.
   */
  report(kid: string, withinMs: number): Promise<CompromiseReport>;
}
