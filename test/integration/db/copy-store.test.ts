import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { copyIntoFile, partOf } from '../../../src/db/copy/copy-into-file.ts';
import { type CopySource, copyStore } from '../../../src/db/copy/copy-store.ts';
import { openTarget } from '../../../src/db/copy/open-target.ts';
import { TABLE_KEYS, TABLES } from '../../../src/db/copy/table-keys.ts';
import { differenceOf, firstFilled, PAGE_ROWS, walkTables } from '../../../src/db/copy/walk-tables.ts';
import type { DatabaseSettings } from '../../../src/db/database-settings.ts';
import { isDiskFull } from '../../../src/db/disk-full.ts';
import { migrate } from '../../../src/db/migrate.ts';
import { SQLITE_TYPES } from '../../../src/db/migrations/sqlite-types.ts';
import { copyTurns, openReader, ownDatabase } from '../../../src/db/open-engine.ts';
import type { Schema } from '../../../src/db/schema.ts';
import { connectionSession, sqliteDialect } from '../../../src/db/sqlite/dialect.ts';
import { createRunKey } from '../../../src/kernel/audit-chain.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { databaseOfTest, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { ownedPostgres, settingsFor, type TestPostgres } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { replicatedOfTest } from '../../support/postgres/servers-of-test.ts';
import { sqliteTables } from '../../support/schema/sqlite-tables.ts';
import { query, queryPostgres } from '../../support/store-database.ts';

const NOBODY = { onRows: () => {} };
const RUN = { run: createRunKey(NOON.nowSeconds()), clock: NOON };

/** Over two pages, in keys of each kind, with what could get lost on the way. */
const ODD_TEXTS = ['', '\u0001', 'O\'Brien \\ "x"', 'Zoë', 'zoe', '\ufffd', '𝄞', 'a\nb', '{"a": 1}'];

async function fill({ store }: Awaited<ReturnType<typeof openTestStore>>): Promise<void> {
  await Promise.all(
    Array.from({ length: 2 * PAGE_ROWS + 3 }, (_, n) => store.records.append(issuanceRecord(n))),
  );
  await store.writer.transaction(async (trx) => {
    const clients = Array.from({ length: PAGE_ROWS + 1 }, (_, n) => `client ${n}`).concat(ODD_TEXTS);
    const times = { created_at: Number.MAX_SAFE_INTEGER, revoked_at: null };
    await trx
      .insertInto('clients')
      .values(clients.map((id) => ({ id, description: id, ...times })))
      .execute();
    await trx
      .insertInto('credentials')
      .values(
        clients.map((client_id, n) => {
          const digest = new Uint8Array(32)
            .fill((n * 37) % 256)
            .fill(n % 256, 0, 2)
            .fill(n / 256, 2, 4);
          return { digest, kind: 'svc' as const, client_id, operator_id: null, ...times };
        }),
      )
      .execute();
    await trx
      .insertInto('detection_memory')
      .values(
        ODD_TEXTS.flatMap((detection) =>
          ODD_TEXTS.map((name) => ({ detection, name, memory_json: name, kept_at: 0 })),
        ),
      )
      .execute();
    await trx
      .insertInto('notification_deliveries')
      .values({ ...DELIVERY, id: 41 })
      .execute();
  });
}

const DELIVERY = {
  message_id: 'm',
  kind: 'event',
  event_sequence: 1,
  last_sequence: 1,
  events: 1,
  types_json: '[]',
  severity: 'info',
  route: 'r',
  target: 't',
  contacts_of: '',
  state: 'dead',
  attempts: 1,
  created_at: 0,
  next_attempt_at: null,
  settled_at: 1,
  last_error: null,
} as const;

async function filledFile(): Promise<string> {
  const opened = await openTestStore({ queueLimit: 2 * PAGE_ROWS + 3 });
  await fill(opened);
  await opened.store.close();
  return opened.file;
}

async function sourceOf(database: DatabaseSettings): Promise<CopySource & { close(): Promise<void> }> {
  const reader = await openReader(database);
  return { reader, turns: await copyTurns(database), close: () => reader.close() };
}

async function sumsOf(database: DatabaseSettings) {
  const source = await sourceOf(database);
  try {
    return await source.reader.read((trx) =>
      walkTables(
        trx,
        () => {},
        async () => {},
      ),
    );
  } finally {
    await source.close();
  }
}

async function copyIntoPostgres(
  from: DatabaseSettings,
  { database, owner }: TestPostgres,
  finish?: () => Promise<void>,
) {
  const source = await sourceOf(from);
  const target = await openTarget({ database, owner, ...RUN });
  try {
    return await copyStore(source, target, { ...NOBODY, ...(finish ? { finish } : {}) });
  } finally {
    await target.close();
    await source.close();
  }
}

async function copyToFile(from: DatabaseSettings, file: string, check?: () => Promise<void>) {
  const source = await sourceOf(from);
  try {
    return await copyIntoFile(source, { file, ...RUN, ...NOBODY, ...(check ? { check } : {}) });
  } finally {
    await source.close();
  }
}

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe('the list of tables', () => {
  it('has every table with its primary key, each behind those that it refers to', async () => {
    const db = new DatabaseSync(':memory:');
    const kysely = new Kysely<Schema>({ dialect: sqliteDialect(() => connectionSession(db)) });
    await kysely.transaction().execute((trx) => migrate(trx, SQLITE_TYPES));
    const shapes = sqliteTables(db);
    const keys = Object.entries(shapes).map(([name, { primaryKey }]) => [name, primaryKey]);
    expect(TABLE_KEYS).toEqual(Object.fromEntries(keys));
    for (const [at, table] of TABLES.entries()) {
      const referred = shapes[table]?.foreignKeys.map((key) => /-> (\w+)\(/.exec(key)?.[1]);
      expect(TABLES.slice(0, at)).toEqual(expect.arrayContaining(referred ?? []));
      expect((shapes[table]?.columns.length ?? 0) * PAGE_ROWS).toBeLessThan(32_767);
    }
    db.close();
  });
});

describe('a copy into a file', () => {
  it('holds every value, is one file for its owner alone, and leaves nothing beside it', async () => {
    const from = await filledFile();
    const file = join(folderOfTest(), 'copy.db');
    const sums = await copyToFile({ file: from }, file);
    expect(await sumsOf({ file })).toEqual(sums);
    expect(await sumsOf({ file: from })).toEqual(sums);
    expect(sums.find(({ table }) => table === 'issuance_records')?.rows).toBe(2 * PAGE_ROWS + 3);
    expect([modeOf(file), existsSync(`${file}-wal`), existsSync(partOf(file))]).toEqual([
      '600',
      false,
      false,
    ]);
  });

  it('is not there where it is not to anybody’s liking', async () => {
    const file = join(folderOfTest(), 'copy.db');
    const disliked = copyToFile({ file: await filledFile() }, file, async () => {
      throw new Error('no');
    });
    await expect(disliked).rejects.toThrow('no');
    expect([existsSync(file), existsSync(partOf(file))]).toEqual([false, false]);
  });

  it('refuses a source of another version', async () => {
    const from = await filledFile();
    query(from, `INSERT INTO kysely_migration VALUES ('9999-tomorrow', '2999-01-01')`);
    const file = join(folderOfTest(), 'copy.db');
    await expect(copyToFile({ file: from }, file)).rejects.toMatchObject({ code: 'invalid_config' });
    expect(existsSync(partOf(file))).toBe(false);
  });
});

describe('sums of tables', () => {
  it.each([
    ['a value', `UPDATE clients SET description = 'b' WHERE id = 'zoe'`],
    ['a null', 'UPDATE issuance_records SET salt = NULL WHERE sequence = 700'],
    ['a byte', `UPDATE credentials SET digest = x'${'ff'.repeat(32)}' WHERE client_id = 'zoe'`],
    ['a row', 'DELETE FROM issuance_records WHERE sequence = 1027'],
  ])('differ by %s', async (_, sql) => {
    const file = await filledFile();
    const before = await sumsOf({ file });
    query(file, sql);
    const after = await sumsOf({ file });
    expect(differenceOf(before, before)).toBeUndefined();
    expect(differenceOf(before, after)).toMatch(
      /^(?:clients|issuance_records|credentials) has \d+ rows here/,
    );
  });
});

describe('a disk without room', () => {
  it.each([
    [Object.assign(new Error('write'), { code: 'ENOSPC' }), true],
    [new Error('outer', { cause: Object.assign(new Error('inner'), { errcode: 13 }) }), true],
    [new Error('other'), false],
  ])('is found in %s', (error, isFull) => {
    expect(isDiskFull(error)).toBe(isFull);
  });
});

describe.skipIf(NO_POSTGRES)(`a copy into ${POSTGRES}`, () => {
  it('and back again holds every value', async () => {
    const from = await filledFile();
    const postgres = await ownedPostgres();
    const there = await copyIntoPostgres({ file: from }, postgres);
    const file = join(folderOfTest(), 'back.db');
    const back = await copyToFile(postgres.database, file);
    expect(there).toEqual(await sumsOf({ file: from }));
    expect(back).toEqual(there);
    expect(await sumsOf({ file })).toEqual(there);
  });

  it('goes on counting behind the rows that came', async () => {
    const postgres = await ownedPostgres();
    await copyIntoPostgres({ file: await filledFile() }, postgres);
    const sql = `SELECT nextval(pg_get_serial_sequence('notification_deliveries', 'id')) AS id`;
    expect(await queryPostgres(postgres.url, sql)).toEqual([{ id: 42 }]);
  });

  it('is on the disk of a standby once it is answered', async () => {
    const { primary, standby } = await replicatedOfTest();
    await primary.query('create database moved owner keyward');
    const database = settingsFor(primary.url('moved'), 1);
    const owner = await ownDatabase(database);
    await copyIntoPostgres({ file: await filledFile() }, { url: primary.url('moved'), database, owner });
    const count = 'select count(*)::int as n from keyward.issuance_records';
    expect(await standby.query(count, 'moved')).toEqual([{ n: 2 * PAGE_ROWS + 3 }]);
    await owner.release();
  });

  it('is all or nothing', async () => {
    const postgres = await ownedPostgres();
    const interrupted = copyIntoPostgres({ file: await filledFile() }, postgres, async () => {
      throw new KeywardError('internal', 'interrupted');
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    const source = await sourceOf(postgres.database);
    expect(await source.reader.read(firstFilled)).toBeUndefined();
    await source.close();
  });

  it('is of one moment, while rows are added', async () => {
    const postgres = await ownedPostgres();
    const opened = await openTestStore({ postgres, queueLimit: 2 * PAGE_ROWS + 3 });
    await fill(opened);
    const source = await sourceOf(postgres.database);
    const before = await sumsOf(postgres.database);
    let isAdded = false;
    const file = join(folderOfTest(), 'copy.db');
    const target = { file, ...RUN };
    const onRows = () => {
      if (!isAdded) void opened.store.records.append(issuanceRecord(9_999));
      isAdded = true;
    };
    expect(await copyIntoFile(source, { ...target, onRows })).toEqual(before);
    await source.close();
  });

  it('waits for its reader longer than other transactions may do nothing', async () => {
    const postgres = await ownedPostgres();
    const session = await sessionOfTest(await databaseOfTest());
    expect((await session.query('show idle_in_transaction_session_timeout')).rows).toEqual([
      { idle_in_transaction_session_timeout: '10s' },
    ]);
    const source = await sourceOf(postgres.database);
    const shown = await source.reader.read(async (trx) => {
      await source.turns.begin(trx);
      return (await sql`show idle_in_transaction_session_timeout`.execute(trx)).rows;
    });
    expect(shown).toEqual([{ idle_in_transaction_session_timeout: '10min' }]);
    await source.close();
  });
});
