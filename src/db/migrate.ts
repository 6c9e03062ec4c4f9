import { Migrator } from 'kysely/migration';
import { KeywardError } from '../kernel/errors.ts';
import { StoreFailure } from './failure.ts';
import type { Migrations } from './migrations/index.ts';
import type { Trx } from './schema.ts';

/** Brings the tables up to date within the transaction given. `invalid_config` for those of a newer version. */
export async function migrate(trx: Trx, migrations: Migrations, schema?: string): Promise<void> {
  const provider = { getMigrations: async () => migrations };
  const of = schema === undefined ? {} : { migrationTableSchema: schema };
  const migrator = new Migrator({ db: trx, provider, ...of });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error instanceof StoreFailure ? error : unfit(error);
}

/** Of tables that another version made. */
export function unfit(cause?: unknown): KeywardError {
  const message = 'database: its tables are not of this version; start the version that last used it';
  return new KeywardError('invalid_config', message, { cause });
}
