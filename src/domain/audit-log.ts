import type { ChainHead } from '../kernel/audit-chain.ts';
import type { SealedEvent, StoredEvent } from '../kernel/audit.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { ChainHeads, ChainName, StoredCheckpoint } from './checkpoint.ts';

/** How far a sink got. */
export interface DeliveryPosition {
  readonly sequence: number;
  readonly checkpointNumber: number;
}

/** The audit trail as it is stored, with its checkpoints. Lists are in order and bounded by `limit`. */
export interface AuditLog extends AuditTrail {
  eventsAfter(sequence: number, limit: number): Promise<readonly StoredEvent[]>;
  /** The same, of those that something stands behind: what decides something reads no others. */
  witnessedAfter(sequence: number, limit: number): Promise<readonly StoredEvent[]>;
  sealedAfter(sequence: number, limit: number): Promise<readonly SealedEvent[]>;
  /** The last of them, in order. */
  newestEvents(limit: number): Promise<readonly StoredEvent[]>;
  /** The newest first. */
  newestOfType(type: string, limit: number): Promise<readonly StoredEvent[]>;
  /** The last of that type about that subject. */
  lastAbout(subject: string, type: string): Promise<StoredEvent | undefined>;
  checkpointsAfter(number: number, limit: number): Promise<readonly StoredCheckpoint[]>;
  lastCheckpoint(): Promise<StoredCheckpoint | undefined>;
  auditHead(): Promise<ChainHead>;
  /** All of one moment. */
  heads(): Promise<ChainHeads>;
  /** All of one moment, for a checkpoint. `audit_trail_refused` where the trail has another end than was written. */
  ownHeads(): Promise<ChainHeads>;
  /** The hash at that place of the chain; undefined where the chain does not reach, or does not keep it. */
  hashAt(chain: ChainName, sequence: number): Promise<Uint8Array | undefined>;
  addCheckpoint(
    checkpoint: StoredCheckpoint,
    positions: ReadonlyMap<string, DeliveryPosition>,
  ): Promise<void>;
  positions(): Promise<ReadonlyMap<string, DeliveryPosition>>;
}
