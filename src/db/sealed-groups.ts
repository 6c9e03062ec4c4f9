import type { DatabaseSync } from 'node:sqlite';
import type { TrustedRuns } from '../kernel/audit-chain.ts';
import { HASH_BYTES, isCovered, isHashOf, MOST_ROWS, rowHashes } from '../kernel/ledger-chain.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import { Statements } from './sqlite/statements.ts';

/** Memory for the hashes of rows: half a million of them. */
const HASHES_KEPT = 500_000;

interface SealedGroup {
  readonly sequence: number;
  readonly firstRecord: number;
  readonly hashes: Uint8Array;
}

/**
 * The one check of a record that is read to decide something: a run of the service sealed its group, and its group
 * was committed with it. A group that was checked is kept in memory and not read again; the least recently used goes
 * first.
 */
export class SealedGroups {
  readonly #runs: TrustedRuns;
  readonly #groups = new Statements({
    group: 'SELECT * FROM ledger_groups WHERE sequence = ?',
    groupRows: 'SELECT * FROM issuance_records WHERE sequence >= ? AND sequence < ? ORDER BY sequence',
  });
  readonly #kept = new Statements({
    rowHashes: 'SELECT hashes FROM ledger_row_hashes WHERE group_sequence = ?',
  });
  readonly #checked = new Map<number, SealedGroup>();
  #hashes = 0;

  constructor(runs: TrustedRuns) {
    this.#runs = runs;
  }

  /** Why a row counts for nothing; undefined where it counts. An archive keeps no hashes beside its rows. */
  flawOf(db: DatabaseSync, row: RecordColumns, isArchived: boolean): string | undefined {
    const group = this.#recent(row.group_sequence) ?? this.#check(db, row.group_sequence, isArchived);
    if (typeof group === 'string') return group;
    return isCovered(placedRow(row), group, group.hashes) ? undefined : 'its group was not committed with it';
  }

  #check(db: DatabaseSync, sequence: number, isArchived: boolean): SealedGroup | string {
    const columns = this.#groups.of(db).group.get(sequence) as GroupColumns | undefined;
    if (!columns) return 'its group is missing';
    const sealed = { sequence, hash: columns.group_hash, runId: columns.run_id, seal: columns.seal };
    if (!this.#runs.haveSealed('ledger', sealed)) {
      return 'no run of the service sealed its group';
    }
    const hashes = this.#hashesOf(db, columns, isArchived);
    if (!hashes) return 'its group is not as it was committed';
    return this.#keep({ sequence, firstRecord: columns.first_record, hashes });
  }

  /** Those that were kept, else those of the rows as they are. */
  #hashesOf(db: DatabaseSync, columns: GroupColumns, isArchived: boolean): Uint8Array | undefined {
    const group = ledgerGroup(columns);
    if (group.rowCount < 1 || group.rowCount > MOST_ROWS) return undefined;
    const kept = isArchived
      ? undefined
      : (this.#kept.of(db).rowHashes.get(group.sequence) as { hashes: Uint8Array } | undefined);
    if (kept && isHashOf(group, kept.hashes)) return kept.hashes;
    const rows = this.#groups.of(db).groupRows.all(group.firstRecord, group.firstRecord + group.rowCount);
    const hashes = rowHashes((rows as unknown as RecordColumns[]).map(placedRow));
    return isHashOf(group, hashes) ? hashes : undefined;
  }

  #recent(sequence: number): SealedGroup | undefined {
    const group = this.#checked.get(sequence);
    if (!group) return undefined;
    this.#checked.delete(sequence);
    this.#checked.set(sequence, group);
    return group;
  }

  #keep(group: SealedGroup): SealedGroup {
    this.#checked.set(group.sequence, group);
    this.#hashes += group.hashes.length / HASH_BYTES;
    for (const oldest of this.#checked.values()) {
      if (this.#hashes <= HASHES_KEPT) break;
      this.#checked.delete(oldest.sequence);
      this.#hashes -= oldest.hashes.length / HASH_BYTES;
    }
    return group;
  }
}
