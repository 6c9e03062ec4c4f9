import type { Transaction } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { foundation } from './migrations/0001-foundation.ts';
import type { Schema } from './schema.ts';

/** By name, in order. A published migration is never edited: what changes gets the next number. */
const MIGRATIONS: Record<string, Migration> = { '0001-foundation': foundation };

/** Brings the tables up to date within the transaction given; a database of a newer version is refused. */
export async function migrate(trx: Transaction<Schema>): Promise<void> {
  const migrator = new Migrator({ db: trx, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
