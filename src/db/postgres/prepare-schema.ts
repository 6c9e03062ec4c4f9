import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import { StoreFailure } from '../failure.ts';
import { type Migrations, migrate, RETIRED, unfit } from '../migrations/index.ts';
import { codeOf, excluding } from '../migrations/names.ts';
import type { Schema, Trx } from '../schema.ts';
import { livingFronts } from './living-fronts.ts';
import { POSTGRES_MIGRATIONS } from './own-objects.ts';
import type { OwnSchema } from './own-schema.ts';
import { foreignAmong, KEYWARD_SCHEMA, MIGRATIONS_RUN, objectsOf } from './schema-objects.ts';
import { inTurn } from './session-locks.ts';

/** So long a migration waits for whoever reads a table, and holds up the others; then it tries again. */
const LOCK_TIMEOUT = '2s';
const [ATTEMPTS, BETWEEN_MS] = [5, 500];

interface Version extends Pick<OwnSchema, 'retired'> {
  readonly migrations: Migrations;
}

/**
 * Brings the schema up to date, and answers what this version makes of it; one that a newer version changed stays as it is
 * where code of this one may run with it. Refused, and nothing changed: `foreign_schema` where it holds something else
 * afterwards; `invalid_config` where it needs newer code; `database_in_use` where fronts run that are too old for what
 * would come, or somebody holds locks on its tables.
 */
export async function prepareSchema(
  db: Kysely<Schema>,
  version: Version = { migrations: POSTGRES_MIGRATIONS, retired: RETIRED },
): Promise<OwnSchema> {
  const { migrations } = version;
  const own = await ownSchema(db, version);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await db.transaction().execute((trx) => bringUp(trx, own, migrations));
      return own;
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.condition !== 'locked') throw error;
      if (attempt === ATTEMPTS) throw tablesInUse(error);
      await pause(BETWEEN_MS);
    }
  }
}

class Undone extends Error {
  override readonly name = 'Undone';
}

/** Made under another name, looked at, and rolled back. */
async function ownSchema(db: Kysely<Schema>, { migrations, retired }: Version): Promise<OwnSchema> {
  const scratch = `${KEYWARD_SCHEMA}_check_${randomBytes(8).toString('hex')}`;
  let own: OwnSchema | undefined;
  try {
    await db.transaction().execute(async (trx) => {
      await sql`CREATE SCHEMA ${sql.id(scratch)}`.execute(trx);
      await enter(trx, scratch);
      await migrate(trx, migrations, scratch);
      own = { objects: await objectsIn(trx, scratch), migrations: Object.keys(migrations), retired };
      throw new Undone();
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
  if (!own) throw new Error('the schema was not looked at');
  return own;
}

async function bringUp(trx: Trx, own: OwnSchema, migrations: Migrations): Promise<void> {
  await sql`CREATE SCHEMA IF NOT EXISTS ${sql.id(KEYWARD_SCHEMA)}`.execute(trx);
  await enter(trx, KEYWARD_SCHEMA);
  const run = await migrationsRun(trx);
  refuseNewer(run, own);
  const pending = own.migrations.filter((name) => !run.includes(name));
  if (pending.length > 0) {
    // Two versions that went different ways.
    if (run.some((name) => !own.migrations.includes(name))) throw unfit();
    await sql`SELECT set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`.execute(trx);
    if (run.length > 0) await beside(trx, pending);
    await migrate(trx, migrations, KEYWARD_SCHEMA);
  }
  const foreign = foreignAmong(await objectsIn(trx, KEYWARD_SCHEMA), own, [...run, ...pending]);
  if (foreign === undefined) return;
  const message = `${foreign} in the database. Read docs/runbooks/changed-records.md before the service starts.`;
  throw new KeywardError('foreign_schema', message);
}

/** In turn with what the fronts write, which may all go on with it. */
async function beside(trx: Trx, pending: readonly string[]): Promise<void> {
  await inTurn(trx);
  for (const { holder, code } of await livingFronts(trx)) {
    const name = excluding(pending, code);
    if (name === undefined) continue;
    throw new KeywardError(
      'database_in_use',
      `the front ${holder} runs an older version, which migration ${name} of this one leaves no room for: upgrade it to ` +
        'the release before this one, or stop all fronts, and start again (docs/upgrading.md)',
    );
  }
}

function refuseNewer(run: readonly string[], { migrations }: OwnSchema): void {
  const name = excluding(run, codeOf(migrations));
  if (name === undefined) return;
  throw new KeywardError('invalid_config', tooOld(name));
}

/** Why code of this version may not run with a schema in which that migration was run. */
export function tooOld(name: string): string {
  return `database: migration ${name} was run, which this version of Keyward is too old for; start a newer one, as the other fronts have (docs/upgrading.md)`;
}

function tablesInUse(cause: StoreFailure): KeywardError {
  const message =
    'the tables are to be changed for this version, and somebody holds locks on them: end long transactions of this ' +
    'database, such as a copy or a dump (pg_stat_activity), and start again';
  return new KeywardError('database_in_use', message, { cause });
}

async function enter(trx: Trx, schema: string): Promise<void> {
  await sql`SELECT set_config('search_path', ${`${schema}, pg_temp`}, true)`.execute(trx);
}

/** None before the first start. */
async function migrationsRun(trx: Trx): Promise<readonly string[]> {
  const { rows } = await sql<{
    made: unknown;
  }>`SELECT to_regclass(${`${KEYWARD_SCHEMA}.kysely_migration`}) AS made`.execute(trx);
  if (rows[0]?.made === null) return [];
  const found = await trx.executeQuery<{ name: string }>(CompiledQuery.raw(MIGRATIONS_RUN));
  return found.rows.map(({ name }) => name);
}

function objectsIn(trx: Trx, schema: string) {
  const session = {
    execute: async (text: string, parameters: readonly unknown[]) => {
      const { rows } = await trx.executeQuery(CompiledQuery.raw(text, [...parameters]));
      return { rows, changes: 0 };
    },
  };
  return objectsOf(session, schema, KEYWARD_SCHEMA);
}
