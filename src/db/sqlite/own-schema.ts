import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { SQLITE_TYPES } from '../migrations/column-types.ts';
import { migrate, migrationsOf } from '../migrations/index.ts';
import type { Schema } from '../schema.ts';
import { connectionSession, sqliteDialect } from './dialect.ts';
import { type OwnSchema, schemaOf } from './schema-objects.ts';

export const SQLITE_MIGRATIONS = migrationsOf(SQLITE_TYPES);

let known: Promise<OwnSchema> | undefined;

/** The schema as this version makes it: its migrations run in memory, once a process. */
export function ownSchema(): Promise<OwnSchema> {
  known ??= makeSchema();
  return known;
}

async function makeSchema(): Promise<OwnSchema> {
  const db = new DatabaseSync(':memory:');
  try {
    const kysely = new Kysely<Schema>({ dialect: sqliteDialect(() => connectionSession(db)) });
    await kysely.transaction().execute((trx) => migrate(trx, SQLITE_MIGRATIONS));
    return schemaOf(db);
  } finally {
    db.close();
  }
}
