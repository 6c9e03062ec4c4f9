import { DatabaseSync } from 'node:sqlite';
import { Kysely, type Transaction } from 'kysely';
import { runStatement } from './run-statement.ts';
import type { Schema } from './schema.ts';
import { type SqliteSession, sqliteDialect } from './sqlite-dialect.ts';
import { needsReopening, toKeywardError, toWire } from './sqlite-failure.ts';

/**
 * A read-only connection on this thread. It blocks the event loop while it reads: for what is loaded at the
 * start and for short administrative lists, never for the hot path.
 */
export class Reader {
  readonly #file: string;
  readonly #kysely: Kysely<Schema>;
  #db: DatabaseSync | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#kysely = new Kysely<Schema>({ dialect: sqliteDialect(() => this.#session()) });
  }

  /** All that `query` reads is of one moment. `store_unavailable`. */
  async read<T>(query: (trx: Transaction<Schema>) => Promise<T>): Promise<T> {
    try {
      return await this.#kysely.transaction().execute(query);
    } catch (error) {
      if (needsReopening(toWire(error))) this.close();
      throw toKeywardError(error);
    }
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }

  #session(): SqliteSession {
    this.#db ??= new DatabaseSync(this.#file, { readOnly: true });
    const db = this.#db;
    return {
      begin: async () => db.exec('BEGIN'),
      commit: async () => db.exec('COMMIT'),
      rollback: async () => db.exec('ROLLBACK'),
      execute: async (sql, parameters) => runStatement(db, sql, parameters),
    };
  }
}
