import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../../src/db/migrations/index.ts';
import { POSTGRES_MIGRATIONS } from '../../../src/db/postgres/own-objects.ts';
import type { Schema } from '../../../src/db/schema.ts';
import { connectionSession, sqliteDialect } from '../../../src/db/sqlite/dialect.ts';
import { SQLITE_MIGRATIONS } from '../../../src/db/sqlite/own-schema.ts';
import { databaseOfTest, kyselyOver, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { postgresTables } from '../../support/schema/postgres-tables.ts';
import { sqliteTables } from '../../support/schema/sqlite-tables.ts';

async function migratedSqlite(): Promise<DatabaseSync> {
  const db = new DatabaseSync(':memory:');
  onTestFinished(() => db.close());
  const kysely = new Kysely<Schema>({ dialect: sqliteDialect(() => connectionSession(db)) });
  await kysely.transaction().execute((trx) => migrate(trx, SQLITE_MIGRATIONS));
  return db;
}

/** Each changes one thing that the comparison has to see. */
const DIFFERENCES = [
  'alter table clients add column more bigint',
  'alter table clients alter column description drop not null',
  'alter table clients alter column created_at type integer',
  'alter table clients alter column description type text collate "POSIX"',
  'alter table reports alter column examined set default 1',
  'alter table signing_keys drop constraint signing_keys_kid_key',
  'alter table grants drop constraint grants_client_id_fkey',
  'alter table grants drop constraint grants_primary',
  'alter table proposals drop constraint proposals_by_two',
  "alter table canaries drop constraint canaries_kind_check, add check (kind in ('credential', 'token'))",
  'drop index issuance_records_slot; create unique index issuance_records_slot on issuance_records ((iat >> 5), digest)',
  "drop index signing_keys_one_active; create index signing_keys_one_active on signing_keys (scope_id) where state = 'active'",
  'drop index issuance_records_callers_jti; create unique index issuance_records_callers_jti on issuance_records (scope_id, jti)',
  'create table more (id bigint)',
  'drop table readiness',
];

describe.skipIf(NO_POSTGRES)(`the schema of ${POSTGRES}`, () => {
  it('is that of SQLite', async () => {
    const session = await sessionOfTest(await databaseOfTest());
    const tables = sqliteTables(await migratedSqlite());
    expect(Object.keys(tables)).toContain('issuance_records');
    expect(await postgresTables(session)).toEqual(tables);
  });

  it('would be seen to differ', async () => {
    const session = await sessionOfTest(await databaseOfTest());
    const tables = sqliteTables(await migratedSqlite());
    for (const difference of DIFFERENCES) {
      await session.begin();
      for (const statement of difference.split('; ')) await session.query(statement);
      expect(await postgresTables(session), difference).not.toEqual(tables);
      await session.rollback();
    }
  });

  it('compares text byte by byte', async () => {
    const session = await sessionOfTest(await databaseOfTest());
    const db = kyselyOver(session);
    const ids = ['b', 'B', 'ä', 'a'];
    await db
      .insertInto('clients')
      .values(ids.map((id) => ({ id, description: '', created_at: 0, revoked_at: null })))
      .execute();
    const sorted = await db.selectFrom('clients').select('id').orderBy('id').execute();
    expect(sorted.map(({ id }) => id)).toEqual(['B', 'a', 'b', 'ä']);
  });

  it('finds a record through the index over slot and digest', async () => {
    const session = await sessionOfTest(await databaseOfTest());
    await session.query('set enable_seqscan = off');
    const { rows } = await session.query(
      'explain select sequence from issuance_records where iat >> 4 = $1 and digest = $2',
      [1, new Uint8Array(32)],
    );
    expect(JSON.stringify(rows)).toContain('issuance_records_slot');
  });

  it('is brought up to date once, and refused where it is of a newer version', async () => {
    const session = await sessionOfTest(await databaseOfTest());
    const db = kyselyOver(session);
    const again = () => db.transaction().execute((trx) => migrate(trx, POSTGRES_MIGRATIONS));
    await again();
    await session.query(`insert into kysely_migration values ('9999-later', '2030-01-01')`);
    await expect(again()).rejects.toMatchObject({ code: 'invalid_config' });
  });
});
