import { DatabaseSync } from 'node:sqlite';
import { Kysely, type Transaction } from 'kysely';
import type { Schema } from '../../src/db/schema.ts';
import { connectionSession, sqliteDialect } from '../../src/db/sqlite-dialect.ts';

/** One transaction on a connection of its own that no guard watches: for what changes the schema. */
export async function onConnection(
  file: string,
  work: (trx: Transaction<Schema>) => Promise<void>,
): Promise<void> {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    const kysely = new Kysely<Schema>({ dialect: sqliteDialect(() => connectionSession(db)) });
    await kysely.transaction().execute(work);
  } finally {
    db.close();
  }
}
