import {
  CHAIN_START,
  groupHash,
  HASH_BYTES,
  type LedgerGroup,
  type LedgerRow,
  rowHashes,
} from './ledger-chain.ts';

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
  if (rows.length !== group.rowCount) return 'row_count';
  const displaced = rows.some(
    (row, index) => row.sequence !== group.firstRecord + index || row.groupSequence !== group.sequence,
  );
  if (displaced) return 'row_place';
  return groupHash(group, rowHashes(rows)).equals(group.groupHash) ? undefined : 'group_hash';
}

/**
 * Whether a row is one that its group was committed with; `hashes` are those of the group's rows, and nothing is
 * taken from them that does not give the group's hash.
 */
export function isCovered(row: PlacedRow, group: LedgerGroup, hashes: Uint8Array): boolean {
  const place = row.sequence - group.firstRecord;
  if (row.groupSequence !== group.sequence || place < 0 || place >= group.rowCount) return false;
  if (hashes.length !== group.rowCount * HASH_BYTES) return false;
  const own = hashes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
  return rowHashes([row]).equals(own) && groupHash(group, hashes).equals(group.groupHash);
}
