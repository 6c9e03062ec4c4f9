import type { Actor } from '../kernel/actor.ts';
import type { AuditEvent, StoredEvent } from '../kernel/audit.ts';
import type { ChainHead, StoredCheckpoint } from '../kernel/audit-chain.ts';
import type { RecordGap } from '../kernel/record-gap.ts';
import type { JsonObject } from '../lib/json.ts';

/** All that commits when two persons accept a database that was put back. */
export interface Acceptance {
  readonly reason: string;
  readonly actor: Actor;
  readonly issuedFrom: number;
  readonly issuedUntil: number;
  /** Where the copy ended. */
  readonly from: { readonly audit: ChainHead; readonly checkpoint: number };
  /** What a sink has beyond, in order and checked. */
  readonly events: readonly StoredEvent[];
  readonly checkpoints: readonly StoredCheckpoint[];
  /** The signer's last checkpoint, where no sink has it. */
  readonly sealed?: StoredCheckpoint | undefined;
  /** What was told while the database could not be written. */
  readonly recordedEvents: readonly { readonly event: AuditEvent; readonly time: number }[];
  readonly now: number;
}

export interface RecordGapStore {
  list(): readonly RecordGap[];
  /**
   * One commit: the audit trail and its checkpoints are complete again, the revocations of the gap hold again,
   * proposals of the copy are over, key sets get versions past those of the gap, and the gap is on record.
   */
  accept(acceptance: Acceptance): Promise<RecordGap>;
  /** What the gap holds of restrictions is in force again; what could not be done again is told. */
  settle(id: number, settledAt: number, notRepeated: readonly string[]): Promise<void>;
}

/** A database that waits for the decision of two persons. */
export interface PendingRestore {
  /** What the copy has, and what it would have. */
  describe(): { readonly before: JsonObject; readonly after: JsonObject };
  /** `audit_sink_unavailable`, `hsm_unavailable`, `store_unavailable`. */
  accept(reason: string, actor: Actor): Promise<RecordGap>;
}
