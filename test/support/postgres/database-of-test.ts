import { randomBytes } from 'node:crypto';
import { Kysely } from 'kysely';
import { onTestFinished } from 'vitest';
import { connect, type SessionLimits } from '../../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../../src/db/postgres/connection-string.ts';
import { postgresDialect } from '../../../src/db/postgres/dialect.ts';
import { prepareSchema } from '../../../src/db/postgres/prepare-schema.ts';
import type { PostgresSession } from '../../../src/db/postgres/session.ts';
import type { Schema } from '../../../src/db/schema.ts';
import { createDatabase } from './create-database.ts';
import type { PostgresServer } from './server.ts';
import { sharedServer } from './shared-server.ts';

/** With Keyward's tables, made once a server. */
const TEMPLATE = 'keyward_template';

/** Answers the connection string of a database of the running test's own, with Keyward's tables unless it is to be empty. */
export async function databaseOfTest(options: { readonly isEmpty?: boolean } = {}): Promise<string> {
  const server = await sharedServer();
  if (!options.isEmpty) await ensureTemplate(server);
  const { url, drop } = await createDatabase(options.isEmpty ? 'template0' : TEMPLATE);
  onTestFinished(drop);
  return url;
}

/** A session of the running test's own. */
export async function sessionOfTest(url: string, limits?: SessionLimits): Promise<PostgresSession> {
  const session = await connect(readConnectionString(url), limits);
  onTestFinished(() => session.close());
  return session;
}

/** Over one session. */
export function kyselyOver(session: PostgresSession): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: postgresDialect(() => session) });
}

/** Other files of tests may ask at the same time: who makes it under another name, and gives it this, was first. */
async function ensureTemplate(server: PostgresServer): Promise<void> {
  const made = await server.query(`select from pg_database where datname = '${TEMPLATE}'`);
  if (made.length > 0) return;
  const name = `making_${randomBytes(8).toString('hex')}`;
  await server.query(`create database ${name} owner keyward template template0`);
  const session = await connect(readConnectionString(server.url(name)));
  await prepareSchema(kyselyOver(session));
  await session.close();
  await server.query(`alter database ${name} rename to ${TEMPLATE}`).catch(async () => {
    await server.query(`drop database ${name}`);
  });
}
