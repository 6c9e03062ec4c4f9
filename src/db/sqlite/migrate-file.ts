import { Kysely } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import { migrate } from '../migrations/index.ts';
import type { Schema } from '../schema.ts';
import { openWritable } from './database-file.ts';
import { connectionSession, sqliteDialect } from './dialect.ts';
import { sqliteError } from './failure.ts';
import { ownSchema, SQLITE_MIGRATIONS } from './own-schema.ts';
import { foreignIn, type OwnSchema, strangerIn } from './schema-objects.ts';

/**
 * Brings the tables of a file up to date and answers their schema. `foreign_schema` where the file has another
 * afterwards, and then nothing was changed; `store_unavailable`, `invalid_config` as `migrate`.
 */
export async function migrateFile(file: string): Promise<OwnSchema> {
  const own = await ownSchema();
  try {
    const db = openWritable(file);
    try {
      const begin = () => db.exec('BEGIN IMMEDIATE');
      const kysely = new Kysely<Schema>({ dialect: sqliteDialect(() => connectionSession(db, begin)) });
      await kysely.transaction().execute(async (trx) => {
        refuse(strangerIn(db));
        await migrate(trx, SQLITE_MIGRATIONS);
        refuse(foreignIn(db, own));
      });
    } finally {
      db.close();
    }
  } catch (error) {
    throw sqliteError(error);
  }
  return own;
}

function refuse(foreign: string | undefined): void {
  if (foreign === undefined) return;
  const message = `${foreign} in the database. Read docs/runbooks/changed-records.md before the service starts.`;
  throw new KeywardError('foreign_schema', message);
}
