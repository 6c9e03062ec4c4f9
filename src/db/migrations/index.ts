import { type Migration, Migrator } from 'kysely/migration';
import { KeywardError } from '../../kernel/errors.ts';
import { StoreFailure } from '../failure.ts';
import type { Trx } from '../schema.ts';
import { baseline } from './0001-baseline/index.ts';
import type { ColumnTypes } from './column-types.ts';

/** By name, in order (`names.ts`). A published migration is never edited: what changes gets the next number. */
export type Migrations = Readonly<Record<string, Migration>>;

/** Those of both engines. */
export function migrationsOf(types: ColumnTypes): Migrations {
  return { '0001-baseline': baseline(types) };
}

/**
 * What PostgreSQL still has and this version's code does not use, so that the next may drop it while fronts of this one
 * run: by the names of `SchemaObjects`, a function without its parameters.
 */
export const RETIRED: readonly string[] = [];

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
