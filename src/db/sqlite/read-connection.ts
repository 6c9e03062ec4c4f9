import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { StoreFailure } from '../failure.ts';
import type { LedgerConnection } from '../ledger-connection.ts';
import type { Rows } from '../rows.ts';
import type { DatabaseIdentity } from '../writer-protocol.ts';
import { openReadOnly, refuseIfMoved } from './database-file.ts';
import { needsReopening, sqliteFailure } from './failure.ts';
import { SchemaGuard } from './schema-guard.ts';
import { SqliteRows } from './sqlite-rows.ts';

const DEFAULT_CACHE_KIB = 2_000;

export interface DatabaseFile {
  readonly file: string;
  readonly identity: DatabaseIdentity;
}

interface Connected {
  readonly db: DatabaseSync;
  readonly rows: Rows;
  readonly guard: SchemaGuard;
  /** Prepared, for a look-up is short. */
  readonly begin: StatementSync;
  readonly commit: StatementSync;
}

/** A worker's read-only connection, opened anew at the next use after a failure that calls for it. */
export class ReadConnection implements LedgerConnection {
  readonly #file: string;
  readonly #identity: DatabaseIdentity;
  readonly #cacheKib: number;
  #open: Connected | undefined;

  /** `cacheKib`: how much of the file is kept in memory; by default what SQLite takes. */
  constructor({ file, identity }: DatabaseFile, cacheKib = DEFAULT_CACHE_KIB) {
    this.#file = file;
    this.#identity = identity;
    this.#cacheKib = cacheKib;
  }

  async read<T>(read: (rows: Rows) => Promise<T>): Promise<T> {
    refuseIfMoved(this.#file, this.#identity);
    this.#open ??= this.#connect();
    const { db, rows, guard, begin, commit } = this.#open;
    begin.get();
    try {
      guard.check();
      return await read(rows);
    } finally {
      if (db.isTransaction) commit.get();
    }
  }

  recover(error: unknown): StoreFailure {
    if (needsReopening(error)) this.close();
    return sqliteFailure(error);
  }

  close(): void {
    this.#open?.db.close();
    this.#open = undefined;
  }

  #connect(): Connected {
    const db = openReadOnly(this.#file);
    db.exec(`PRAGMA cache_size = -${this.#cacheKib}`);
    return {
      db,
      rows: new SqliteRows(db),
      guard: new SchemaGuard(db, this.#identity.schema),
      begin: db.prepare('BEGIN'),
      commit: db.prepare('COMMIT'),
    };
  }
}
