import { DatabaseSync } from 'node:sqlite';
import { needsReopening, toWire } from './sqlite-failure.ts';
import { refuseIfMoved } from './writable-database.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** A worker's read-only connection, opened anew at the next use after a failure that calls for it. */
export class ReadConnection {
  readonly #file: string;
  readonly #identity: FileIdentity;
  #db: DatabaseSync | undefined;

  constructor(file: string, identity: FileIdentity) {
    this.#file = file;
    this.#identity = identity;
  }

  /** All that `read` sees is of one moment. */
  read<T>(read: (db: DatabaseSync) => T): T {
    refuseIfMoved(this.#file, this.#identity);
    this.#db ??= new DatabaseSync(this.#file, { readOnly: true });
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
