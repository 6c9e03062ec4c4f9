import { DatabaseSync } from 'node:sqlite';
import { needsReopening, toWire } from './sqlite-failure.ts';
import { refuseIfMoved } from './writable-database.ts';
import type { FileIdentity } from './writer-protocol.ts';

const DEFAULT_CACHE_KIB = 2_000;

/** A worker's read-only connection, opened anew at the next use after a failure that calls for it. */
export class ReadConnection {
  readonly #file: string;
  readonly #identity: FileIdentity;
  readonly #cacheKib: number;
  #db: DatabaseSync | undefined;

  /** `cacheKib`: how much of the file is kept in memory; by default what SQLite takes. */
  constructor(file: string, identity: FileIdentity, cacheKib = DEFAULT_CACHE_KIB) {
    this.#file = file;
    this.#identity = identity;
    this.#cacheKib = cacheKib;
  }

  /** All that `read` sees is of one moment. */
  read<T>(read: (db: DatabaseSync) => T): T {
    refuseIfMoved(this.#file, this.#identity);
    this.#db ??= open(this.#file, this.#cacheKib);
    const db = this.#db;
    db.exec('BEGIN');
    try {
      return read(db);
    } finally {
      if (db.isTransaction) db.exec('COMMIT');
    }
  }

  recover(error: unknown): void {
    if (needsReopening(toWire(error))) this.close();
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}

function open(file: string, cacheKib: number): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec(`PRAGMA cache_size = -${cacheKib}`);
  return db;
}
