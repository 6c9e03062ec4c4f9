import { randomBytes } from 'node:crypto';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import { migrate } from '../migrate.ts';
import { POSTGRES_TYPES } from '../migrations/postgres-types.ts';
import type { Schema, Trx } from '../schema.ts';
import { createOwnObjects } from './own-objects.ts';
import { foreignAmong, KEYWARD_SCHEMA, objectsOf, type SchemaObjects } from './schema-objects.ts';

/**
 * Brings the schema up to date, and answers what is in it. `foreign_schema` where it holds something else afterwards, and
 * then nothing was changed; `invalid_config` as `migrate`.
 */
export async function prepareSchema(db: Kysely<Schema>): Promise<SchemaObjects> {
  const own = await ownObjects(db);
  await db.transaction().execute(async (trx) => {
    await sql`CREATE SCHEMA IF NOT EXISTS ${sql.id(KEYWARD_SCHEMA)}`.execute(trx);
    await build(trx, KEYWARD_SCHEMA);
    const foreign = foreignAmong(await objectsIn(trx, KEYWARD_SCHEMA), own);
    if (foreign === undefined) return;
    const message = `${foreign} in the database. Read docs/runbooks/changed-records.md before the service starts.`;
    throw new KeywardError('foreign_schema', message);
  });
  return own;
}

class Undone extends Error {
  override readonly name = 'Undone';
}

/** The schema as this version makes it: made under another name, looked at, and rolled back. */
async function ownObjects(db: Kysely<Schema>): Promise<SchemaObjects> {
  const scratch = `${KEYWARD_SCHEMA}_check_${randomBytes(8).toString('hex')}`;
  let objects: SchemaObjects | undefined;
  try {
    await db.transaction().execute(async (trx) => {
      await sql`CREATE SCHEMA ${sql.id(scratch)}`.execute(trx);
      await build(trx, scratch);
      objects = await objectsIn(trx, scratch);
      throw new Undone();
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
  if (!objects) throw new Error('the schema was not looked at');
  return objects;
}

async function build(trx: Trx, schema: string): Promise<void> {
  await sql`SELECT set_config('search_path', ${`${schema}, pg_temp`}, true)`.execute(trx);
  await migrate(trx, POSTGRES_TYPES, schema);
  const { rows } = await sql<{ made: unknown }>`SELECT to_regclass(${`${schema}.slots`}) AS made`.execute(
    trx,
  );
  if (rows[0]?.made === null) await createOwnObjects(trx, schema);
}

function objectsIn(trx: Trx, schema: string): Promise<SchemaObjects> {
  const session = {
    execute: async (text: string, parameters: readonly unknown[]) => {
      const { rows } = await trx.executeQuery(CompiledQuery.raw(text, [...parameters]));
      return { rows, changes: 0 };
    },
  };
  return objectsOf(session, schema, KEYWARD_SCHEMA);
}
