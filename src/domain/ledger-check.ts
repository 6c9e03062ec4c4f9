import {
  CHAIN_START,
  groupHash,
  HASH_BYTES,
  type LedgerGroup,
  type LedgerRow,
  rowHashes,
} from '../kernel/ledger-chain.ts';

/** What a group follows. */
export type GroupBefore = Pick<LedgerGroup, 'sequence' | 'firstRecord' | 'rowCount' | 'groupHash'>;

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

export const GROUP_FAULTS: Readonly<Record<GroupFault, string>> = {
  sequence: 'a group before it is missing',
  previous_hash: 'it does not follow from the group before it',
  first_record: 'records between it and the group before are missing',
  row_count: 'it has more or fewer records than it was committed with',
  row_place: 'its records are not in the places they were committed in',
  group_hash: 'its records do not give its hash',
};

/** What is wrong between a group and the one before it; the first group has none before it. */
export function linkFault(group: LedgerGroup, before: GroupBefore | undefined): GroupFault | undefined {
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
  return isHashOf(group, rowHashes(rows)) ? undefined : 'group_hash';
}

/** Whether `hashes`, those of all rows of the group, give its hash. */
export function isHashOf(group: LedgerGroup, hashes: Uint8Array): boolean {
  return hashes.length === group.rowCount * HASH_BYTES && groupHash(group, hashes).equals(group.groupHash);
}

/** Whether a row is one that its group was committed with; `hashes` are those of the group's rows. */
export function isCovered(
  row: PlacedRow,
  { sequence, firstRecord }: Pick<LedgerGroup, 'sequence' | 'firstRecord'>,
  hashes: Uint8Array,
): boolean {
  const at = (row.sequence - firstRecord) * HASH_BYTES;
  if (row.groupSequence !== sequence || at < 0 || at >= hashes.length) return false;
  return rowHashes([row]).equals(hashes.subarray(at, at + HASH_BYTES));
}
