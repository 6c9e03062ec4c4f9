import type { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import type { EventSeals } from './event-seals.ts';
import { needsReopening, toKeywardError, toWire } from './failure.ts';
import type { Schema, Trx } from './schema.ts';
import { connectionSession, type SqliteSession, sqliteDialect } from './session-dialect.ts';
import { openReadOnly } from './sqlite/database-file.ts';
import { SchemaGuard } from './sqlite/schema-guard.ts';
import { foreignIn, type OwnSchema } from './sqlite/schema-objects.ts';
import { lendRanges, UnwitnessedRanges } from './unwitnessed.ts';

/**
 * A read-only connection on this thread. It blocks the event loop while it reads: for what is loaded at the
 * start and for short administrative lists, never for the hot path.
 */
export class Reader {
  readonly #file: string;
  readonly #schema: OwnSchema;
  readonly #kysely: Kysely<Schema>;
  readonly #unwitnessed: UnwitnessedRanges;
  readonly #seals: EventSeals | undefined;
  #open: { readonly db: DatabaseSync; readonly guard: SchemaGuard } | undefined;

  /** Audit events that decide something are judged by `seals`, and those in `unwitnessed` are passed over. */
  constructor(
    file: string,
    schema: OwnSchema,
    unwitnessed = new UnwitnessedRanges(),
    seals?: EventSeals | undefined,
  ) {
    this.#file = file;
    this.#schema = schema;
    this.#unwitnessed = unwitnessed;
    this.#seals = seals;
    this.#kysely = new Kysely<Schema>({ dialect: sqliteDialect(() => this.#session()) });
  }

  /** All that `query` reads is of one moment. `store_unavailable`. */
  async read<T>(query: (trx: Trx) => Promise<T>): Promise<T> {
    try {
      return await this.#kysely.transaction().execute((trx) => {
        lendRanges(trx, this.#unwitnessed, this.#seals !== undefined);
        return query(trx);
      });
    } catch (error) {
      if (needsReopening(toWire(error))) this.close();
      throw toKeywardError(error);
    }
  }

  /** What of the schema is not as this version makes it, whether or not SQLite counted a change. `store_unavailable`. */
  foreign(): string | undefined {
    try {
      this.#open ??= this.#connect();
      return foreignIn(this.#open.db, this.#schema);
    } catch (error) {
      if (needsReopening(toWire(error))) this.close();
      throw toKeywardError(error);
    }
  }

  close(): void {
    this.#open?.db.close();
    this.#open = undefined;
  }

  #session(): SqliteSession {
    this.#open ??= this.#connect();
    const { db, guard } = this.#open;
    return connectionSession(db, () => {
      db.exec('BEGIN');
      guard.check();
    });
  }

  #connect() {
    const db = openReadOnly(this.#file);
    this.#seals?.bind(db);
    return { db, guard: new SchemaGuard(db, this.#schema) };
  }
}
