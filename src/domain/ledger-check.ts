import { CHAIN_START, groupHash, type LedgerGroup, type LedgerRow, rowHashes } from './ledger-chain.ts';

/** A row with the place it claims. */
export interface PlacedRow extends LedgerRow {
  readonly sequence: number;
  readonly groupSequence: number;
}

export type GroupFault =
  | 'sequence'
  | 'previous_hash'
  | 'first_record'
  | 'row_count'
  | 'row_place'
  | 'group_hash';

/** What is wrong between a group and the one before it; the first group has none before it. */
export function linkFault(group: LedgerGroup, before: LedgerGroup | undefined): GroupFault | undefined {
  if (group.sequence !== (before?.sequence ?? 0) + 1) return 'sequence';
  if (Buffer.compare(group.previousHash, before?.groupHash ?? CHAIN_START) !== 0) return 'previous_hash';
  const expected = before ? before.firstRecord + before.rowCount : 1;
  return group.firstRecord === expected ? undefined : 'first_record';
}

/** What is wrong with a group in itself; `rows` are all that lie between its first and last, in order. */
export function rowsFault(group: LedgerGroup, rows: readonly PlacedRow[]): GroupFault | undefined {
  return placeFault(group, rows) ?? (coveredHashes(group, rows) ? undefined : 'group_hash');
}

/** The hashes of the rows that a group covers; undefined where they are not those it was committed with. */
export function coveredHashes(group: LedgerGroup, rows: readonly PlacedRow[]): Buffer | undefined {
  if (placeFault(group, rows)) return undefined;
  const hashes = rowHashes(rows);
  return groupHash(group, hashes).equals(group.groupHash) ? hashes : undefined;
}

function placeFault(group: LedgerGroup, rows: readonly PlacedRow[]): GroupFault | undefined {
  if (rows.length !== group.rowCount) return 'row_count';
  const displaced = rows.some(
    (row, index) => row.sequence !== group.firstRecord + index || row.groupSequence !== group.sequence,
  );
  return displaced ? 'row_place' : undefined;
}
