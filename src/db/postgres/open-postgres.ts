import { randomUUID } from 'node:crypto';
import { CompiledQuery, Kysely, sql } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import type { PostgresSettings } from '../database-settings.ts';
import type { DatabaseOwner, Engine, FrontDatabase } from '../engine.ts';
import { foreignSchema, StoreFailure } from '../failure.ts';
import type { Ownership } from '../ledger-mark.ts';
import type { Schema, Trx } from '../schema.ts';
import { type Language, sessionDialect } from '../session-dialect.ts';
import { readAddress } from './connection-string.ts';
import { POSTGRES } from './dialect.ts';
import { postgresError, unproven } from './failure.ts';
import { LentConnection } from './lent-connection.ts';
import { isThere } from './living-fronts.ts';
import { PostgresOwner } from './owner.ts';
import { prepareSchema } from './prepare-schema.ts';
import { prove } from './proof.ts';
import { ReachedServer } from './reached-server.ts';
import { type Durability, durabilityOf, type ServerFacts, unmetRequirements } from './requirements.ts';
import { SchemaFlag } from './schema-flag.ts';
import type { Answer } from './session.ts';

/**
 * Takes the database for this process and brings its tables up to date. `database_in_use`; `foreign_schema` for tables
 * that somebody else changed; `invalid_config` for those of a newer version, and where the server does not promise what
 * the settings ask for; `store_unavailable`.
 */
export async function takePostgres(
  database: PostgresSettings,
  how: { readonly claim: (owner: Ownership) => void; readonly isShared: boolean },
): Promise<DatabaseOwner> {
  // What is wrong with the file is found here, where it can be said plainly.
  for (const each of [database, controlOf(database)]) readAddress(each);
  const reached = new ReachedServer().memory;
  const connection = new LentConnection({ database: controlOf(database), reached, begin: 'write' });
  try {
    const [unmet] = unmetRequirements(await connection.facts(), durabilityOf(database));
    if (unmet !== undefined) throw new KeywardError('invalid_config', `database: ${unmet}`);
    const db = new Kysely<Schema>({ dialect: sessionDialect(POSTGRES, () => connection.session()) });
    return await PostgresOwner.take(db, connection, { prepare: () => prepareSchema(db), reached, ...how });
  } catch (error) {
    await connection.close();
    throw refusal(error) ?? postgresError(error);
  }
}

/** What does not change by itself, by SQLSTATE, and what to do. */
const REFUSALS = new Map<unknown, string>([
  ['28000', 'see the user in database.url_file'],
  ['28P01', 'see the password in database.url_file'],
  ['3D000', 'make the database, or name another in database.url_file'],
  ['42501', 'let the role own the database'],
]);

function refusal(error: unknown): KeywardError | undefined {
  if (!(error instanceof StoreFailure)) return undefined;
  const { code, message } = error;
  const advice = REFUSALS.get(code);
  if (advice === undefined) return undefined;
  return new KeywardError('invalid_config', `database: ${message}; ${advice}`);
}

/** The server itself, where a pooler stands before it. */
function controlOf(database: PostgresSettings): PostgresSettings {
  return { ...database, url_file: database.control_url_file ?? database.url_file };
}

/** Over tables that `takePostgres` brought up to date. */
export async function openPostgres(database: PostgresSettings, owner?: DatabaseOwner): Promise<Engine> {
  if (!(owner instanceof PostgresOwner)) throw new Error('PostgreSQL is written to by its owner alone');
  const { own, id, reached } = owner;
  const flag = new SchemaFlag();
  const settings = { database, own, reached, changed: flag.memory };
  return {
    language: POSTGRES,
    writing: { entry: new URL('./writer-worker.ts', import.meta.url), settings: { ...settings, owner: id } },
    reading: { entry: new URL('./read-worker.ts', import.meta.url), settings },
    archiving: { entry: new URL('./archive-worker.ts', import.meta.url), settings },
    openReads: () => new LentConnection({ database, own, reached, begin: 'read' }, flag),
    shared: { fence: readFence, isThere, proof: (trx) => proveReads(trx, durabilityOf(database)) },
  };
}

/** Of all that the transaction could read by now. Rejects with `unproven`. */
async function proveReads(trx: Trx, durability: Durability): Promise<void> {
  const query = (sql: string, parameters: readonly unknown[]) =>
    trx.executeQuery<Answer['rows'][number]>(CompiledQuery.raw(sql, [...parameters]));
  // A transaction has one server.
  if (await prove({ query, server: undefined }, durability)) return;
  throw unproven('too few standbys have what was read');
}

async function readFence(trx: Trx): Promise<number> {
  const { rows } = await sql<{ number: number }>`SELECT number FROM fence`.execute(trx);
  const [fence] = rows;
  if (!fence || rows.length > 1) throw foreignSchema('table fence has not one row');
  return fence.number;
}

/** What the server says of itself, and what of it is not as the settings need it; `store_unavailable`, `invalid_config`. */
export async function inspectServer(
  database: PostgresSettings,
): Promise<{ readonly facts: ServerFacts; readonly unmet: readonly string[] }> {
  const { link } = await readPostgres(controlOf(database));
  try {
    const facts = await link.facts();
    return { facts, unmet: unmetRequirements(facts, durabilityOf(database)) };
  } catch (error) {
    throw postgresError(error);
  } finally {
    await link.close();
  }
}

/** Writes beside the fronts, as none of them; undefined where no service has made its tables yet. `store_unavailable`. */
export async function openBeside(
  database: PostgresSettings,
): Promise<(FrontDatabase & { close(): Promise<void> }) | undefined> {
  readAddress(database);
  const connection = new LentConnection({ database, begin: 'write' });
  const db = new Kysely<Schema>({ dialect: sessionDialect(POSTGRES, () => connection.session()) });
  const transaction: FrontDatabase['transaction'] = async (work) => {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      throw connection.recover(error);
    }
  };
  const close = () => connection.close();
  try {
    const { rows } = await transaction((trx) =>
      sql<{ made: unknown }>`SELECT to_regclass('pin_permits') AS made`.execute(trx),
    );
    // No front has such an id: whoever finds it takes it for one that is gone.
    const id = `beside ${randomUUID()}`;
    if (rows[0]?.made !== null) return { id, isThere, read: transaction, transaction, close };
  } catch (error) {
    await close();
    throw error;
  }
  await close();
  return undefined;
}

/** Of a database that is there. */
export async function readPostgres(
  database: PostgresSettings,
): Promise<{ language: Language; link: LentConnection }> {
  readAddress(database);
  return { language: POSTGRES, link: new LentConnection({ database, begin: 'read' }) };
}
