import type { TrustedRuns } from '../kernel/audit-chain.ts';
import {
  HASH_BYTES,
  isCovered,
  isHashOf,
  type LedgerGroup,
  MOST_ROWS,
  rowHashes,
} from '../kernel/ledger-chain.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import { type Rows, statement } from './rows.ts';

/** Memory for the hashes of rows: half a million of them. */
const HASHES_KEPT = 500_000;
/** Judged together: the hashes of all their groups are in memory until then. */
const RECORDS_AT_ONCE = 100;

const GROUP = statement<GroupColumns>('SELECT * FROM ledger_groups WHERE sequence = ?');
const GROUP_ROWS = statement<RecordColumns>(
  'SELECT * FROM issuance_records WHERE sequence >= ? AND sequence < ? ORDER BY sequence',
);
const ROW_HASHES = statement<{ readonly hashes: Uint8Array }>(
  'SELECT hashes FROM ledger_row_hashes WHERE group_sequence = ?',
);

const MISSING = 'its group is missing';
const NONE: ReadonlyMap<number, SealedGroup> = new Map();

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
  readonly #checked = new Map<number, SealedGroup>();
  #hashes = 0;

  constructor(runs: TrustedRuns) {
    this.#runs = runs;
  }

  /** Why each counts for nothing; undefined where it counts. An archive keeps no hashes beside its rows. */
  async flawsOf(
    rows: Rows,
    records: readonly RecordColumns[],
    isArchived: boolean,
  ): Promise<(string | undefined)[]> {
    const flaws: (string | undefined)[] = [];
    for (let from = 0; from < records.length; from += RECORDS_AT_ONCE) {
      const part = records.slice(from, from + RECORDS_AT_ONCE);
      const sound = part.map((record) => this.#isInKnownGroup(record));
      const unknown = sound.includes(false) ? part.filter((_, index) => !sound[index]) : [];
      const read = unknown.length > 0 ? await this.#readGroups(rows, unknown, isArchived) : NONE;
      part.forEach((record, index) => {
        const isSound = sound[index] === true;
        flaws.push(isSound ? undefined : flawIn(record, read.get(record.group_sequence) ?? MISSING));
      });
    }
    return flaws;
  }

  /** Each group that is there, by its sequence, or why it is none. */
  async #readGroups(
    rows: Rows,
    records: readonly RecordColumns[],
    isArchived: boolean,
  ): Promise<ReadonlyMap<number, SealedGroup | string>> {
    const sequences = new Set(records.map(({ group_sequence: sequence }) => sequence));
    const found = await rows.firstOfEach(
      GROUP,
      Array.from(sequences, (sequence) => [sequence]),
    );
    const groups = new Map<number, SealedGroup | string>();
    const sealed: LedgerGroup[] = [];
    for (const columns of found) {
      if (!columns) continue;
      if (this.#isSealed(columns)) sealed.push(ledgerGroup(columns));
      else groups.set(columns.sequence, 'no run of the service sealed its group');
    }
    for (const [group, hashes] of await hashesOf(rows, sealed, isArchived)) {
      const { sequence, firstRecord } = group;
      const checked = hashes && this.#keep({ sequence, firstRecord, hashes });
      groups.set(sequence, checked ?? 'its group is not as it was committed');
    }
    return groups;
  }

  /** If not, it is read again: a server that was replaced may have had another group of that number. */
  #isInKnownGroup(record: RecordColumns): boolean {
    const group = this.#recent(record.group_sequence);
    return group !== undefined && flawIn(record, group) === undefined;
  }

  #isSealed({ sequence, group_hash: hash, run_id: runId, seal }: GroupColumns): boolean {
    return this.#runs.haveSealed('ledger', { sequence, hash, runId, seal });
  }

  #recent(sequence: number): SealedGroup | undefined {
    const group = this.#checked.get(sequence);
    if (!group) return undefined;
    this.#checked.delete(sequence);
    this.#checked.set(sequence, group);
    return group;
  }

  #keep(group: SealedGroup): SealedGroup {
    const former = this.#recent(group.sequence);
    if (former) this.#hashes -= former.hashes.length / HASH_BYTES;
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

function flawIn(record: RecordColumns, group: SealedGroup | string): string | undefined {
  if (typeof group === 'string') return group;
  return isCovered(placedRow(record), group, group.hashes)
    ? undefined
    : 'its group was not committed with it';
}

/** Those that were kept, else those of the rows as they are; undefined where neither give the group's hash. */
async function hashesOf(
  rows: Rows,
  groups: readonly LedgerGroup[],
  isArchived: boolean,
): Promise<ReadonlyMap<LedgerGroup, Uint8Array | undefined>> {
  const lists = groups.map(({ sequence }) => [sequence]);
  const kept = isArchived ? [] : await rows.firstOfEach(ROW_HASHES, lists);
  const found = new Map<LedgerGroup, Uint8Array | undefined>();
  for (const [index, group] of groups.entries()) {
    const hashes = kept[index]?.hashes;
    const isWhole = hashes !== undefined && isPossible(group) && isHashOf(group, hashes);
    found.set(group, isWhole ? hashes : await hashesOfRows(rows, group));
  }
  return found;
}

/** One group at a time: a thousand rows are some hundred kilobytes. */
async function hashesOfRows(rows: Rows, group: LedgerGroup): Promise<Uint8Array | undefined> {
  if (!isPossible(group)) return undefined;
  const { firstRecord, rowCount } = group;
  const found = await rows.all(GROUP_ROWS, firstRecord, firstRecord + rowCount);
  const hashes = rowHashes(found.map(placedRow));
  return isHashOf(group, hashes) ? hashes : undefined;
}

function isPossible({ rowCount }: LedgerGroup): boolean {
  return rowCount >= 1 && rowCount <= MOST_ROWS;
}
