import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { foreignSchema } from '../failure.ts';
import { foreignIn, type OwnSchema } from './schema-objects.ts';

/**
 * Refuses a connection whose schema is not the one that this version makes. SQLite's own counter of changes tells
 * when to compare again, so that the check costs one read for each transaction.
 */
export class SchemaGuard {
  readonly #db: DatabaseSync;
  readonly #own: OwnSchema;
  readonly #counter: StatementSync;
  #compared: unknown;

  constructor(db: DatabaseSync, own: OwnSchema) {
    this.#db = db;
    this.#own = own;
    this.#counter = db.prepare('PRAGMA schema_version');
  }

  /** To be called within a transaction, before anything is read or written in it. */
  check(): void {
    const counter = this.#counter.get()?.schema_version;
    if (counter === this.#compared) return;
    refuseForeign(this.#db, this.#own);
    this.#compared = counter;
  }
}

/** Compares whatever the counter says: whoever writes the file can set that back. */
function refuseForeign(db: DatabaseSync, own: OwnSchema): void {
  const foreign = foreignIn(db, own);
  if (foreign === undefined) return;
  throw foreignSchema(foreign);
}
