import type { StoredEvent } from '../kernel/audit.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { LedgerGroup } from '../kernel/ledger-chain.ts';
import type { PlacedRow } from '../domain/ledger-check.ts';
import type { ChainedRevocation } from '../domain/revocation-chain.ts';

export interface SourceCheckpoint {
  readonly number: number;
  readonly jws: string;
  /** What stands beside it in the database, and must say the same. */
  readonly columns?: { readonly auditSequence: number; readonly time: number };
}

/** A group with what shows its hash: its rows, their hashes, or nothing where they have gone for good. */
export interface SourceGroup {
  readonly group: LedgerGroup;
  readonly rows: readonly PlacedRow[] | null;
  readonly hashes: Uint8Array | null;
}

export interface SourceRevocation {
  readonly revocation: ChainedRevocation;
  readonly hash: Uint8Array;
  /** What is wrong beside the chain. */
  readonly flaw?: string;
}

/** What is verified: a database, an export or a sink's file. Each method reads from the beginning, in order. */
export interface TrailSource {
  /** Those that it comes with; which is believed, others say. */
  auditKeys(): readonly PublicJwk[];
  checkpoints(): Iterable<SourceCheckpoint>;
  events(): Iterable<StoredEvent>;
  /** Undefined where the source holds no ledger. */
  groups(): Iterable<SourceGroup> | undefined;
  revocations(): Iterable<SourceRevocation> | undefined;
}
