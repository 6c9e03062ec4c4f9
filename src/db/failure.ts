import { KeywardError } from '../kernel/errors.ts';

/** What is wrong with the database, in an operator's words. */
export type Condition =
  | 'full'
  | 'locked'
  | 'read_only'
  | 'corrupt'
  | 'io_error'
  | 'missing'
  | 'moved'
  | 'foreign_group'
  | 'foreign_schema'
  | 'no_memory';

interface Meaning {
  readonly condition: Condition;
  /** Whether a fresh connection is needed once the cause is gone. */
  readonly reopen: boolean;
}

/** The file was moved or replaced under the connection (`SQLITE_READONLY_DBMOVED`). */
export const DATABASE_MOVED = 1032;
/** The transaction was rolled back under its statements (`SQLITE_ABORT_ROLLBACK`). */
export const TRANSACTION_LOST = 516;

/** `SQLITE_CONSTRAINT_UNIQUE`. */
export const NOT_UNIQUE = 2067;

/** No code of SQLite's: somebody else added to the ledger. */
export const FOREIGN_GROUP = 1_000_001;
/** No code of SQLite's: the schema is not the one that the migrations make. */
export const FOREIGN_SCHEMA = 1_000_002;

/** Result codes (https://sqlite.org/rescode.html) that say the database is away, not that we erred. */
const MEANINGS = new Map<number, Meaning>([
  [3, { condition: 'read_only', reopen: true }],
  [5, { condition: 'locked', reopen: false }],
  [6, { condition: 'locked', reopen: false }],
  [7, { condition: 'no_memory', reopen: true }],
  [8, { condition: 'read_only', reopen: true }],
  [10, { condition: 'io_error', reopen: true }],
  [11, { condition: 'corrupt', reopen: true }],
  [13, { condition: 'full', reopen: false }],
  [14, { condition: 'missing', reopen: true }],
  [26, { condition: 'corrupt', reopen: true }],
  // Closing would clear away the write-ahead log of whatever lies there now.
  [DATABASE_MOVED, { condition: 'moved', reopen: false }],
  // A fresh connection would go on behind the foreign group as if it were ours.
  [FOREIGN_GROUP, { condition: 'foreign_group', reopen: false }],
  [FOREIGN_SCHEMA, { condition: 'foreign_schema', reopen: false }],
]);

/** Too big, constraint, mismatch: the statement alone failed and the transaction stands. */
const ROW_FAILURES = new Set([18, 19, 20]);

/** An error of SQLite with its extended result code, as it crosses the thread boundary. */
export interface WireFailure {
  readonly message: string;
  /** Null where it was no error of SQLite. */
  readonly errcode: number | null;
}

export class SqliteFailure extends Error implements WireFailure {
  override readonly name = 'SqliteFailure';
  readonly errcode: number | null;

  constructor(failure: WireFailure) {
    super(failure.message);
    this.errcode = failure.errcode;
  }

  get condition(): Condition | null {
    return meaningOf(this)?.condition ?? null;
  }
}

export function toWire(error: unknown): WireFailure {
  const { message, errcode } = error as { message?: unknown; errcode?: unknown };
  return { message: String(message ?? error), errcode: typeof errcode === 'number' ? errcode : null };
}

export function needsReopening(failure: WireFailure): boolean {
  return meaningOf(failure)?.reopen ?? false;
}

/** Whether one row was refused while the rest of its transaction can go on. */
export function concernsOneRow(failure: WireFailure): boolean {
  return failure.errcode !== null && ROW_FAILURES.has(failure.errcode & 0xff);
}

/** The one mapping of what SQLite reports to a code of ours; the failure itself is kept as `cause`. */
export function toKeywardError(error: unknown): KeywardError {
  if (error instanceof KeywardError) return error;
  const failure = error instanceof SqliteFailure ? error : new SqliteFailure(toWire(error));
  if (failure.condition === null) return new KeywardError('internal', 'The store failed.', { cause: error });
  return failure.condition === 'corrupt' ? damaged(failure) : unavailable(failure);
}

function damaged(cause: SqliteFailure): KeywardError {
  const message =
    'The database is damaged: the security team has to look (docs/runbooks/service.md, database.failing).';
  return new KeywardError('store_unavailable', message, { cause, retryAfterSeconds: 30 });
}

export function unavailable(cause: Error): KeywardError {
  return new KeywardError('store_unavailable', 'The store is not available now; try again shortly.', {
    cause,
    retryAfterSeconds: 2,
  });
}

function meaningOf(failure: WireFailure): Meaning | undefined {
  if (failure.errcode === null) return undefined;
  return MEANINGS.get(failure.errcode) ?? MEANINGS.get(failure.errcode & 0xff);
}
