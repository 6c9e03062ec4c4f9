import { type Migration, Migrator } from 'kysely/migration';
import { KeywardError } from '../kernel/errors.ts';
import { StoreFailure } from './failure.ts';
import { baseline } from './migrations/0001-baseline/index.ts';
import type { Trx } from './schema.ts';

/** By name, in order. A published migration is never edited: what changes gets the next number. */
const MIGRATIONS: Record<string, Migration> = { '0001-baseline': baseline };

/** Brings the tables up to date within the transaction given. `invalid_config` for those of a newer version. */
export async function migrate(trx: Trx): Promise<void> {
  const migrator = new Migrator({ db: trx, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error instanceof StoreFailure ? error : unfit(error);
}

function unfit(cause: unknown): KeywardError {
  const message = 'database.file: its tables are not of this version; start the version that last used it';
  return new KeywardError('invalid_config', message, { cause });
}
