import { KeywardError } from '../../kernel/errors.ts';
import { type Condition, StoreFailure, toKeywardError } from '../failure.ts';

/** The file was moved or replaced under the connection (`SQLITE_READONLY_DBMOVED`). */
const DATABASE_MOVED = 1032;
/** The transaction was rolled back under its statements (`SQLITE_ABORT_ROLLBACK`). */
const TRANSACTION_LOST = 516;
/** `SQLITE_CONSTRAINT_UNIQUE`. */
const NOT_UNIQUE = 2067;

/** Result codes (https://sqlite.org/rescode.html) that say the database is away, not that we erred. */
const CONDITIONS = new Map<number, Condition>([
  [3, 'read_only'],
  [5, 'locked'],
  [6, 'locked'],
  [7, 'no_memory'],
  [8, 'read_only'],
  [10, 'io_error'],
  [11, 'corrupt'],
  [13, 'full'],
  [14, 'missing'],
  [26, 'corrupt'],
  [DATABASE_MOVED, 'moved'],
]);

/** With them a fresh connection is needed once the cause is gone. */
const REOPENING: ReadonlySet<Condition | undefined> = new Set([
  'read_only',
  'no_memory',
  'io_error',
  'corrupt',
  'missing',
]);

/** Too big, constraint, mismatch: the statement alone failed and the transaction stands. */
const ROW_FAILURES = new Set([18, 19, 20]);

/** Of an error of SQLite with its extended result code, or of any other. */
export function sqliteFailure(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { message, errcode } = error as { message?: unknown; errcode?: unknown };
  const text = String(message ?? error);
  if (typeof errcode !== 'number') return new StoreFailure({ message: text, code: null });
  const primary = errcode & 0xff;
  return new StoreFailure({
    message: text,
    code: errcode,
    condition: CONDITIONS.get(errcode) ?? CONDITIONS.get(primary),
    ...(ROW_FAILURES.has(primary) ? { row: errcode === NOT_UNIQUE ? 'not_unique' : 'unfit' } : {}),
  });
}

/** The same as an error of ours; one of ours passes through. */
export function sqliteError(error: unknown): KeywardError {
  return error instanceof KeywardError ? error : toKeywardError(sqliteFailure(error));
}

export function needsReopening(error: unknown): boolean {
  return REOPENING.has(sqliteFailure(error).condition);
}

/** Closing would clear away the write-ahead log of whatever lies there now. */
export function databaseMoved(): StoreFailure {
  return new StoreFailure({
    message: 'the database file was moved or replaced',
    code: DATABASE_MOVED,
    condition: 'moved',
  });
}

export function transactionLost(): StoreFailure {
  return new StoreFailure({ message: 'the transaction was rolled back', code: TRANSACTION_LOST });
}
