import { Kysely } from 'kysely';
import type { PostgresSettings } from '../database-settings.ts';
import type { DatabaseOwner, Engine } from '../engine.ts';
import type { Schema } from '../schema.ts';
import { type Language, sessionDialect } from '../session-dialect.ts';
import { readAddress } from './connection-string.ts';
import { POSTGRES } from './dialect.ts';
import { postgresError } from './failure.ts';
import { LentConnection } from './lent-connection.ts';
import { PostgresOwner } from './owner.ts';
import type { Standing } from './position.ts';
import { prepareSchema } from './prepare-schema.ts';
import { requirePromises } from './promises.ts';

export { flawOf } from './promises.ts';

/**
 * Takes the database for this process and brings its tables up to date. `database_in_use`; `foreign_schema` for tables
 * that somebody else changed; `invalid_config` for those of a newer version, and where the server does not promise what
 * the settings ask for; `store_unavailable`.
 */
export async function ownPostgres(database: PostgresSettings): Promise<DatabaseOwner> {
  // What is wrong with the file is found here, where it can be said plainly.
  readAddress(database);
  const connection = new LentConnection({ database, begin: 'write' });
  try {
    requirePromises(await connection.standing(), database);
    const db = new Kysely<Schema>({ dialect: sessionDialect(POSTGRES, () => connection.session()) });
    return await PostgresOwner.take(db, connection, () => prepareSchema(db));
  } catch (error) {
    await connection.close();
    throw postgresError(error);
  }
}

/** Over tables that `ownPostgres` brought up to date. */
export async function openPostgres(database: PostgresSettings, owner?: DatabaseOwner): Promise<Engine> {
  if (!(owner instanceof PostgresOwner)) throw new Error('PostgreSQL is written to by its owner alone');
  const { own, epoch } = owner;
  const settings = { database, own };
  return {
    language: POSTGRES,
    writing: { entry: new URL('./writer-worker.ts', import.meta.url), settings: { database, epoch } },
    reading: { entry: new URL('./read-worker.ts', import.meta.url), settings },
    archiving: { entry: new URL('./archive-worker.ts', import.meta.url), settings },
    openReads: () => new LentConnection({ ...settings, begin: 'read' }),
  };
}

/** What the server promises; `store_unavailable`, `invalid_config`. */
export async function askStanding(database: PostgresSettings): Promise<Standing> {
  const { link } = await readPostgres(database);
  try {
    return await link.standing();
  } catch (error) {
    throw postgresError(error);
  } finally {
    await link.close();
  }
}

/** Of a database that is there. */
export async function readPostgres(
  database: PostgresSettings,
): Promise<{ language: Language; link: LentConnection }> {
  readAddress(database);
  return { language: POSTGRES, link: new LentConnection({ database, begin: 'read' }) };
}
