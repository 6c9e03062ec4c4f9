import { KeywardError } from '../../kernel/errors.ts';
import { type Condition, StoreFailure, toKeywardError } from '../failure.ts';

/** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or its class: the longer one counts. */
const CONDITIONS = new Map<string, Condition>([
  ['08', 'unreachable'],
  // A statement was prepared before its table got a column, by a front of a newer version.
  ['0A000', 'locked'],
  // Refused at the door: password, certificate, `pg_hba.conf`.
  ['28', 'unreachable'],
  ['53', 'unreachable'],
  ['57', 'unreachable'],
  // The server ended a transaction that did nothing, or a session.
  ['25P03', 'unreachable'],
  ['25P04', 'unreachable'],
  ['25006', 'read_only'],
  ['3D000', 'missing'],
  ['3F000', 'foreign_schema'],
  ['40001', 'locked'],
  ['40P01', 'locked'],
  ['42', 'foreign_schema'],
  ['53100', 'full'],
  ['53200', 'no_memory'],
  ['55P03', 'locked'],
  ['58', 'io_error'],
  ['XX001', 'corrupt'],
  ['XX002', 'corrupt'],
]);

/** Of a class above, and no condition of the database: a syntax error is ours, whatever the schema. */
const OURS = new Set(['42601']);

/** A connection in these never recovers: that to a standby does not become one to the primary. */
const LASTING = /^(?:08...|0A000|57P..|25P0[34]|25006)$/;

/** Node's codes of a connection that could not be made, or ended, and the one of a session's own deadline. */
const OF_CONNECTIONS =
  /^(?:ECONN[A-Z]+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_[A-Z]+|EHOSTUNREACH|ENETUNREACH|ENOENT|EACCES)$/;

const NOT_UNIQUE = '23505';

/** `E…` is no SQLSTATE: the connection ended, and nobody says why. */
export const CONNECTION_ENDED = 'ECONNRESET';

/**
 * Of an error of PostgreSQL, of a connection to it, or of any other. `code` is the SQLSTATE, or Node's. PostgreSQL gives
 * up the whole transaction where `row` is set, too: the caller finds the row, and sends the rest again.
 */
export function postgresFailure(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { message, code, constraint } = error as Readonly<Record<'message' | 'code' | 'constraint', unknown>>;
  const text = String(message ?? error);
  if (typeof code !== 'string') return new StoreFailure({ message: text, code: null });
  // Another place in the chain is no row's.
  if (code === NOT_UNIQUE && /^ledger_(?:groups|row_hashes)_pkey$/.test(String(constraint)))
    return lateCommit();
  const row = rowFailure(code);
  return new StoreFailure({ message: text, code, condition: conditionOf(code), ...(row ? { row } : {}) });
}

/** The same as an error of ours; one of ours passes through. */
export function postgresError(error: unknown): KeywardError {
  return error instanceof KeywardError ? error : toKeywardError(postgresFailure(error));
}

/** Whether a fresh connection is needed, as soon as there can be one. */
export function needsReconnecting(error: unknown): boolean {
  const code = String(postgresFailure(error).code);
  return LASTING.test(code) || OF_CONNECTIONS.test(code);
}

/** That connection was lost, with whatever it was asked: a commit may have happened or not. */
export function connectionLost(message: string, code: string = CONNECTION_ENDED): StoreFailure {
  return new StoreFailure({ message, code, condition: 'unreachable' });
}

/** The server answers COMMIT with ROLLBACK, and no error, where a statement before had failed. */
export function transactionLost(): StoreFailure {
  return new StoreFailure({ message: 'the transaction was rolled back', code: '25P02' });
}

/** A commit is on too few standbys, or nobody can say on how many. */
export function unproven(message: string): StoreFailure {
  return new StoreFailure({ message, code: null, condition: 'unproven' });
}

/** What the server committed counts for nothing. */
export function replaced(): StoreFailure {
  return unproven('the server was replaced by one that was promoted');
}

/** A commit that was given up has come to light meanwhile: what was sent behind the former end is sent again. */
export function lateCommit(): StoreFailure {
  const message = 'an earlier commit, whose answer was lost, has come to light';
  return new StoreFailure({ message, code: null, condition: 'locked' });
}

/** The database names another owner. */
export function otherOwner(): StoreFailure {
  const message = 'another process of Keyward has taken the database';
  return new StoreFailure({ message, code: null, condition: 'moved' });
}

function conditionOf(code: string): Condition | undefined {
  if (OF_CONNECTIONS.test(code)) return 'unreachable';
  if (code.length !== 5 || OURS.has(code)) return undefined;
  return CONDITIONS.get(code) ?? CONDITIONS.get(code.slice(0, 2));
}

function rowFailure(code: string): 'not_unique' | 'unfit' | undefined {
  if (code === NOT_UNIQUE) return 'not_unique';
  return /^2[23].{3}$/.test(code) ? 'unfit' : undefined;
}
