import { KeywardError } from '../kernel/errors.ts';

/** What is wrong with the database, in an operator's words. */
export type Condition =
  | 'full'
  | 'locked'
  | 'read_only'
  | 'corrupt'
  | 'io_error'
  | 'missing'
  | 'unreachable'
  | 'unproven'
  | 'moved'
  | 'foreign_group'
  | 'fenced'
  | 'unknown_run'
  | 'foreign_schema'
  | 'no_memory';

/** What an engine reports, as it crosses the thread boundary. */
export interface WireFailure {
  readonly message: string;
  /** The engine's own; null where it was no error of the engine. */
  readonly code: number | string | null;
  /** Undefined where the engine is well and what was asked of it is not. */
  readonly condition?: Condition | undefined;
  /** One row was refused, while the rest of its transaction can go on. */
  readonly row?: 'not_unique' | 'unfit' | undefined;
}

export class StoreFailure extends Error implements WireFailure {
  override readonly name = 'StoreFailure';
  readonly code: number | string | null;
  readonly condition: Condition | undefined;
  readonly row: 'not_unique' | 'unfit' | undefined;

  constructor({ message, code, condition, row }: WireFailure) {
    super(message);
    this.code = code;
    this.condition = condition;
    this.row = row;
  }
}

/** An `Error` would lose its own properties on the way. */
export function wireOf({ message, code, condition, row }: StoreFailure): WireFailure {
  return { message, code, condition, row };
}

/** SQLSTATE of PostgreSQL, which has no text with U+0000. */
const NOT_STORABLE = '22021';

/** A fresh connection would go on behind the foreign group as if it were ours. */
export function foreignGroup(): StoreFailure {
  const message = 'somebody else changed the ledger';
  return new StoreFailure({ message, code: null, condition: 'foreign_group' });
}

/** Others restricted something that this process has not followed yet. */
export function fenced(): StoreFailure {
  const message = 'another front restricted something meanwhile';
  return new StoreFailure({ message, code: null, condition: 'fenced' });
}

/** A run that the thread was not told of sealed something; `code` is its id. */
export function unknownRun(id: string): StoreFailure {
  const message = `nobody told of run ${id} yet`;
  return new StoreFailure({ message, code: id, condition: 'unknown_run' });
}

/** The id of the run that was met; undefined for any other failure. */
export function unknownRunIn(error: unknown): string | undefined {
  return error instanceof StoreFailure && error.condition === 'unknown_run' ? String(error.code) : undefined;
}

export function foreignSchema(foreign: string): StoreFailure {
  const message = `the schema of the database was changed: ${foreign}`;
  return new StoreFailure({ message, code: null, condition: 'foreign_schema' });
}

/** https://sqlite.org/rescode.html#full */
const SQLITE_FULL = 13;
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** Whether that is, in the end, a disk without room: of the operating system, of SQLite or of PostgreSQL. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode, condition } = error as { code?: unknown; errcode?: unknown; condition?: unknown };
  return FULL.includes(code) || errcode === SQLITE_FULL || condition === 'full' || isDiskFull(error.cause);
}

/** The one mapping of what an engine reports to a code of ours; the failure itself is kept as `cause`. */
export function toKeywardError(error: unknown): KeywardError {
  if (error instanceof KeywardError) return error;
  if (error instanceof StoreFailure && error.code === NOT_STORABLE) {
    return new KeywardError('invalid_request', 'text may not hold U+0000', { cause: error });
  }
  if (!(error instanceof StoreFailure) || error.condition === undefined) {
    return new KeywardError('internal', 'The store failed.', { cause: error });
  }
  return error.condition === 'corrupt' ? damaged(error) : unavailable(error);
}

function damaged(cause: StoreFailure): KeywardError {
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
