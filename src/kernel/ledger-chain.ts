import { hash } from 'node:crypto';

/**
 * How the ledger is chained (DESIGN §7). Whoever writes groups and whoever checks them use these functions.
 * Integers are 8 bytes, big-endian; texts are UTF-8 behind their length in 4 bytes.
 */
export const HASH_BYTES = 32;
export const SALT_BYTES = 16;
/** Rows of one group at most: it bounds how long a commit takes, and what is read to check a row. */
export const MOST_ROWS = 1_024;

/** What stands before the first group. */
export const CHAIN_START: Uint8Array = new Uint8Array(HASH_BYTES);

/** A row as stored. Before it is erased its commitments follow from salt and values and are null themselves. */
export interface LedgerRow {
  readonly digest: Uint8Array;
  readonly scopeId: string;
  readonly kid: string;
  readonly jti: string;
  readonly clientId: string;
  readonly subject: string | null;
  readonly root: string | null;
  /** 16 bytes; null where the request belonged to no trace. */
  readonly traceId: Uint8Array | null;
  readonly iat: number;
  readonly exp: number;
  /** Null once the personal values are erased. */
  readonly salt: Uint8Array | null;
  readonly subjectCommitment: Uint8Array | null;
  readonly rootCommitment: Uint8Array | null;
}

/** The rows of one commit: `firstRecord` is the sequence of the first, the others follow without a gap. */
export interface LedgerGroup {
  readonly sequence: number;
  readonly firstRecord: number;
  readonly rowCount: number;
  readonly committedAt: number;
  readonly previousHash: Uint8Array;
  readonly groupHash: Uint8Array;
}

const ROW_TAG = Buffer.from('keyward-ledger-row-v1\0');
const GROUP_TAG = Buffer.from('keyward-ledger-group-v1\0');
const VALUE_TAGS = {
  subject: Buffer.from('keyward-ledger-subject-v1\0'),
  root: Buffer.from('keyward-ledger-root-v1\0'),
} as const;

type PersonalValue = keyof typeof VALUE_TAGS;

/** As a binary text a hash costs a third of what it costs as a Buffer, and the hot path makes two a row. */
const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'binary');

const ABSENT = sha256(Buffer.from('keyward-ledger-absent-v1\0'));

let scratch = Buffer.alloc(4_096);

/** What stays of a personal value when it is erased: SHA-256(salt ‖ tag ‖ value), or the mark of no value. */
export function commitmentTo(name: PersonalValue, salt: Uint8Array, value: string | null): Buffer {
  return Buffer.from(commit(name, salt, value), 'binary');
}

/** The hashes of rows one after the other, as `groupHash` takes them. */
export function rowHashes(rows: readonly LedgerRow[]): Buffer {
  const hashes = Buffer.allocUnsafe(rows.length * HASH_BYTES);
  for (const [index, row] of rows.entries()) writeRowHash(hashes, index, row);
  return hashes;
}

/** Puts the hash of a row where it belongs among those of its group. */
export function writeRowHash(hashes: Buffer, index: number, row: LedgerRow): void {
  hashes.write(rowHash(row), index * HASH_BYTES, 'binary');
}

/** SHA-256(tag ‖ previous ‖ sequence ‖ row count ‖ committed at ‖ row hashes). */
export function groupHash(
  group: Pick<LedgerGroup, 'previousHash' | 'sequence' | 'committedAt'>,
  hashes: Uint8Array,
): Buffer {
  const numbers = Buffer.alloc(24);
  putInteger(numbers, group.sequence, 0);
  putInteger(numbers, hashes.length / HASH_BYTES, 8);
  putInteger(numbers, group.committedAt, 16);
  const whole = Buffer.concat([GROUP_TAG, group.previousHash, numbers, hashes]);
  return Buffer.from(sha256(whole), 'binary');
}

function rowHash(row: LedgerRow): string {
  const subject = personal('subject', row, row.subject, row.subjectCommitment);
  const root = personal('root', row, row.root, row.rootCommitment);
  const texts = [row.scopeId, row.kid, row.jti, row.clientId];
  reserve(ROW_TAG.length + 200 + 3 * texts.reduce((sum, text) => sum + text.length, 0));
  scratch.set(ROW_TAG, 0);
  let at = putBytes(row.digest, ROW_TAG.length);
  for (const text of texts) at = putText(text, at);
  at = putHash(subject, at);
  at = putHash(root, at);
  at = putTraceId(row.traceId, at);
  at = putInteger(scratch, row.iat, at);
  at = putInteger(scratch, row.exp, at);
  return sha256(scratch.subarray(0, at));
}

/** A row that is neither whole nor properly erased hashes to what no group has. */
function personal(
  name: PersonalValue,
  { salt }: LedgerRow,
  value: string | null,
  kept: Uint8Array | null,
): string {
  if (salt !== null) return kept === null ? commit(name, salt, value) : '';
  return kept === null || value !== null ? '' : Buffer.from(kept).toString('binary');
}

function commit(name: PersonalValue, salt: Uint8Array, value: string | null): string {
  if (value === null) return ABSENT;
  const tag = VALUE_TAGS[name];
  reserve(SALT_BYTES + tag.length + 3 * value.length);
  scratch.set(salt, 0);
  scratch.set(tag, salt.length);
  const start = salt.length + tag.length;
  return sha256(scratch.subarray(0, start + scratch.write(value, start)));
}

function reserve(bytes: number): void {
  if (scratch.length < bytes) scratch = Buffer.alloc(2 * bytes);
}

function putBytes(bytes: Uint8Array, at: number): number {
  scratch.writeUInt32BE(bytes.length, at);
  scratch.set(bytes, at + 4);
  return at + 4 + bytes.length;
}

const TRACE_ID_BYTES = 16;
/** Where a length would stand. */
const NO_TRACE_ID = 0xffff_ffff;
const NOT_A_TRACE_ID = 0xffff_fffe;

/** None, and what is no trace id, hash as no trace id does. */
function putTraceId(traceId: Uint8Array | null, at: number): number {
  if (traceId === null) return scratch.writeUInt32BE(NO_TRACE_ID, at);
  if (traceId.length !== TRACE_ID_BYTES) return scratch.writeUInt32BE(NOT_A_TRACE_ID, at);
  return putBytes(traceId, at);
}

function putText(text: string, at: number): number {
  const length = scratch.write(text, at + 4);
  scratch.writeUInt32BE(length, at);
  return at + 4 + length;
}

function putHash(binary: string, at: number): number {
  scratch.writeUInt32BE(binary.length, at);
  return at + 4 + scratch.write(binary, at + 4, 'binary');
}

function putInteger(target: Buffer, value: number, at: number): number {
  target.writeBigInt64BE(BigInt(value), at);
  return at + 8;
}

/** What a group follows. */
export type GroupBefore = Pick<LedgerGroup, 'sequence' | 'firstRecord' | 'rowCount' | 'groupHash'>;

/** What the first group follows. */
export const LEDGER_START: GroupBefore = { sequence: 0, firstRecord: 1, rowCount: 0, groupHash: CHAIN_START };

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
