import type { DatabaseSync } from 'node:sqlite';
import type { ReadLink } from '../engine.ts';
import type { Session } from '../session-dialect.ts';
import { openReadOnly } from './database-file.ts';
import { connectionSession } from './dialect.ts';
import { needsReopening, sqliteError } from './failure.ts';
import { SchemaGuard } from './schema-guard.ts';
import { foreignIn, type OwnSchema } from './schema-objects.ts';

/** A read-only connection on this thread, which it blocks while it reads. */
export class LocalReads implements ReadLink {
  readonly #file: string;
  readonly #schema: OwnSchema;
  #open: { readonly db: DatabaseSync; readonly guard: SchemaGuard } | undefined;

  constructor(file: string, schema: OwnSchema) {
    this.#file = file;
    this.#schema = schema;
  }

  session(): Session {
    this.#open ??= this.#connect();
    const { db, guard } = this.#open;
    return connectionSession(db, () => {
      db.exec('BEGIN');
      try {
        guard.check();
      } catch (error) {
        // A transaction that stays open would show the foreign schema for good.
        db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  async foreign(): Promise<string | undefined> {
    this.#open ??= this.#connect();
    return foreignIn(this.#open.db, this.#schema);
  }

  recover(error: unknown): Error {
    if (needsReopening(error)) this.#close();
    return sqliteError(error);
  }

  async close(): Promise<void> {
    this.#close();
  }

  #close(): void {
    this.#open?.db.close();
    this.#open = undefined;
  }

  #connect() {
    const db = openReadOnly(this.#file);
    return { db, guard: new SchemaGuard(db, this.#schema) };
  }
}
