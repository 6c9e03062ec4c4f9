import { HASH_BYTES, type LedgerGroup, rowHashes } from '../domain/ledger-chain.ts';
import { coveredHashes, type PlacedRow } from '../domain/ledger-check.ts';

interface CheckedGroup {
  readonly firstRecord: number;
  readonly hashes: Buffer;
}

/** Reads a group with all rows that lie in it. */
export type GroupSource = (
  sequence: number,
) => { readonly group: LedgerGroup; readonly rows: readonly PlacedRow[] } | undefined;

/** 8 MiB of hashes. */
const ROWS_KEPT = 262_144;

/**
 * Whether a row is one that its group was committed with. A group's hashes are kept once they were checked, so
 * that a row put among them later is no more covered than one put beside them.
 */
export class CoveredRows {
  readonly #groups = new Map<number, CheckedGroup>();
  #kept = 0;

  covers(row: PlacedRow, source: GroupSource): boolean {
    const group = this.#groups.get(row.groupSequence) ?? this.#check(row.groupSequence, source);
    if (!group) return false;
    const at = (row.sequence - group.firstRecord) * HASH_BYTES;
    return rowHashes([row]).equals(group.hashes.subarray(Math.max(at, 0), Math.max(at, 0) + HASH_BYTES));
  }

  #check(sequence: number, source: GroupSource): CheckedGroup | undefined {
    const found = source(sequence);
    const hashes = found && coveredHashes(found.group, found.rows);
    if (!hashes) return undefined;
    const checked = { firstRecord: found.group.firstRecord, hashes };
    this.#keep(sequence, checked, found.rows.length);
    return checked;
  }

  #keep(sequence: number, group: CheckedGroup, rows: number): void {
    this.#groups.set(sequence, group);
    this.#kept += rows;
    for (const [oldest, { hashes }] of this.#groups) {
      if (this.#kept <= ROWS_KEPT) return;
      this.#groups.delete(oldest);
      this.#kept -= hashes.length / HASH_BYTES;
    }
  }
}
