import { hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { copyIntoFile, partOf } from '../../../src/db/copy/copy-into-file.ts';
import { type CopyOptions, type CopySource, copyStore } from '../../../src/db/copy/copy-store.ts';
import { openTarget } from '../../../src/db/copy/open-target.ts';
import { firstFilled, PAGE_ROWS, pagesOf } from '../../../src/db/copy/row-pages.ts';
import { NUMBERED, TABLE_KEYS, TABLES } from '../../../src/db/copy/table-keys.ts';
import type { DatabaseSettings } from '../../../src/db/database-settings.ts';
import type { DatabaseOwner } from '../../../src/db/engine.ts';
import { isDiskFull } from '../../../src/db/failure.ts';
import { migrate } from '../../../src/db/migrations/index.ts';
import { copyDialect, openReader, ownDatabase } from '../../../src/db/open-engine.ts';
import { openStore } from '../../../src/db/open-store.ts';
import type { Schema } from '../../../src/db/schema.ts';
import { connectionSession, sqliteDialect } from '../../../src/db/sqlite/dialect.ts';
import { SQLITE_MIGRATIONS } from '../../../src/db/sqlite/own-schema.ts';
import { createRunKey } from '../../../src/kernel/audit-chain.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { databaseOfTest, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { ownedPostgres, settingsFor } from '../../support/postgres/owned.ts';
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
  return { reader, dialect: await copyDialect(database), close: () => reader.close() };
}

/** All rows, without asking what the copy goes by. */
async function contentOf(database: DatabaseSettings): Promise<Record<string, string>> {
  const source = await sourceOf(database);
  try {
    return await source.reader.read(async (trx) => {
      const content: Record<string, string> = {};
      for (const table of TABLES) {
        const rows = [];
        for await (const page of pagesOf(trx, table)) rows.push(...page);
        const plain = rows.map((row) => JSON.stringify(Object.entries(row).sort(), hexadecimal));
        content[table] = `${rows.length} ${hash('sha256', plain.join())}`;
      }
      return content;
    });
  } finally {
    await source.close();
  }
}

function hexadecimal(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value;
}

async function copyInto(
  from: DatabaseSettings,
  to: { readonly database: DatabaseSettings; readonly owner?: DatabaseOwner },
  options: Partial<CopyOptions> = {},
) {
  const source = await sourceOf(from);
  const target = await openTarget({ ...to, ...RUN });
  try {
    return await copyStore(source, target, { ...NOBODY, ...options });
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
    await kysely.transaction().execute((trx) => migrate(trx, SQLITE_MIGRATIONS));
    const shapes = sqliteTables(db);
    const keys = Object.entries(shapes).map(([name, { primaryKey }]) => [name, primaryKey]);
    expect(TABLE_KEYS).toEqual(Object.fromEntries(keys));
    for (const [at, table] of TABLES.entries()) {
      const referred = shapes[table]?.foreignKeys.map((key) => /-> (\w+)\(/.exec(key)?.[1]);
      expect(TABLES.slice(0, at)).toEqual(expect.arrayContaining(referred ?? []));
      expect((shapes[table]?.columns.length ?? 0) * PAGE_ROWS).toBeLessThan(32_767);
      const key = TABLE_KEYS[table].map((name) =>
        shapes[table]?.columns.some((column) => column.startsWith(`${name} number`)),
      );
      expect([table, NUMBERED.has(table)]).toEqual([table, key.length === 1 && key[0] === true]);
      if (NUMBERED.has(table)) expect(referred).toEqual([]);
    }
    db.close();
  });
});

describe('a copy into a file', () => {
  it('holds every value, is one file for its owner alone, and leaves nothing beside it', async () => {
    const from = await filledFile();
    const file = join(folderOfTest(), 'copy.db');
    const { tables } = await copyToFile({ file: from }, file);
    expect(await contentOf({ file })).toEqual(await contentOf({ file: from }));
    const records = tables.find(({ table }) => table === 'issuance_records');
    expect([records?.rows, records?.copied]).toEqual([2 * PAGE_ROWS + 3, 2 * PAGE_ROWS + 3]);
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

/** What others do to the target, and what happens in the source, between two passes. */
const IN_TARGET = [
  `UPDATE issuance_records SET kid = 'other' WHERE sequence = 3`,
  'DELETE FROM issuance_records WHERE sequence = 600',
  `INSERT INTO clients VALUES ('nobody knows', '', 0, NULL)`,
  'DELETE FROM ledger_row_hashes WHERE group_sequence = 1',
  `INSERT INTO notification_awaited VALUES (-1, 'r', 0), (${Number.MAX_SAFE_INTEGER}, 'r', 0)`,
];
const IN_SOURCE = [
  'DELETE FROM issuance_records WHERE sequence <= 2',
  `UPDATE issuance_records SET salt = NULL, subject = NULL WHERE sequence = 1026`,
  `DELETE FROM credentials WHERE client_id = 'zoe'`,
  `DELETE FROM clients WHERE id = 'zoe'`,
  `UPDATE clients SET revoked_at = 7 WHERE id = 'client 1'`,
];

describe.each(['a file', ...(NO_POSTGRES ? [] : [POSTGRES])])('an initial copy into %s', (name) => {
  async function target() {
    if (name !== 'a file') {
      const { url, database, owner } = await ownedPostgres();
      const ask = async (sql: string) => void (await queryPostgres(url, sql));
      return { database, owner, ask };
    }
    const file = join(folderOfTest(), 'target.db');
    return { database: { file }, ask: async (sql: string) => void query(file, sql) };
  }

  async function isRefused({
    database,
    owner,
  }: Pick<Awaited<ReturnType<typeof target>>, 'database' | 'owner'>) {
    const opening = { database, ...(owner ? { owner } : {}), queueLimit: 1, clock: NOON, onEvent: () => {} };
    return await openStore({ ...opening, archiveDir: join(folderOfTest(), 'ledger-archive') }).then(
      async (store) => {
        await store.close();
        return false;
      },
      ({ code }) => code,
    );
  }

  it('refuses to be used until it is finished, and then is the source', async () => {
    const from = { file: await filledFile() };
    const to = await target();
    await copyInto(from, to, { isInitial: true });
    expect(await isRefused(to)).toBe('database_incomplete');
    await copyInto(from, to);
    expect(await contentOf(to.database)).toEqual(await contentOf(from));
    expect(await isRefused(to)).toBe(false);
  });

  it('believes nothing: whatever was changed on either side is found, and no more is copied', async () => {
    const from = { file: await filledFile() };
    const to = await target();
    await copyInto(from, to, { isInitial: true });
    for (const sql of IN_TARGET) await to.ask(sql);
    for (const sql of IN_SOURCE) query(from.file, sql);
    const { tables, replaced } = await copyInto(from, to);
    expect(await contentOf(to.database)).toEqual(await contentOf(from));
    const copied = Object.fromEntries(tables.map((each) => [each.table, each.copied]));
    // All three pages of records; of the chain of groups nothing.
    expect(copied).toMatchObject({ issuance_records: 2 * PAGE_ROWS + 1, ledger_groups: 0 });
    expect([replaced.hasAny('ledger_groups', 1, 1), replaced.hasAny('issuance_records', 1, 9_999)]).toEqual([
      false,
      true,
    ]);
  });

  it('goes on where it was cut short', async () => {
    const from = { file: await filledFile() };
    const to = await target();
    const onRows: CopyOptions['onRows'] = (doing, table, rows) => {
      if (doing === 'copying' && table === 'issuance_records' && rows > PAGE_ROWS)
        throw new KeywardError('internal', 'interrupted');
    };
    await expect(copyInto(from, to, { isInitial: true, onRows })).rejects.toThrow('interrupted');
    expect(await isRefused(to)).toBe('database_incomplete');
    const { tables } = await copyInto(from, to, { isInitial: true });
    const records = tables.find(({ table }) => table === 'issuance_records');
    expect([records?.rows, records?.copied]).toEqual([2 * PAGE_ROWS + 3, 4]);
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
    const there = await copyInto({ file: from }, postgres);
    const file = join(folderOfTest(), 'back.db');
    const back = await copyToFile(postgres.database, file);
    expect(await contentOf({ file })).toEqual(await contentOf({ file: from }));
    expect(back.tables).toEqual(there.tables);
  });

  it('goes on counting behind the rows that came', async () => {
    const postgres = await ownedPostgres();
    await copyInto({ file: await filledFile() }, postgres);
    const sql = `SELECT nextval(pg_get_serial_sequence('notification_deliveries', 'id')) AS id`;
    expect(await queryPostgres(postgres.url, sql)).toEqual([{ id: 42 }]);
  });

  it('is on the disk of a standby once it is answered', async () => {
    const { primary, standby } = await replicatedOfTest();
    await primary.query('create database moved owner keyward');
    const database = settingsFor(primary.url('moved'), 1);
    const owner = await ownDatabase(database);
    await copyInto({ file: await filledFile() }, { database, owner });
    const count = 'select count(*)::int as n from keyward.issuance_records';
    expect(await standby.query(count, 'moved')).toEqual([{ n: 2 * PAGE_ROWS + 3 }]);
    await owner.release();
  });

  it('is all or nothing', async () => {
    const postgres = await ownedPostgres();
    const finish = async () => {
      throw new KeywardError('internal', 'interrupted');
    };
    const interrupted = copyInto({ file: await filledFile() }, postgres, { finish });
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
    const before = await contentOf(postgres.database);
    let isAdded = false;
    const file = join(folderOfTest(), 'copy.db');
    const target = { file, ...RUN };
    const onRows = () => {
      if (!isAdded) void opened.store.records.append(issuanceRecord(9_999));
      isAdded = true;
    };
    await copyIntoFile(source, { ...target, onRows });
    expect(await contentOf({ file })).toEqual(before);
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
      await source.dialect.begin(trx);
      return (await sql`show idle_in_transaction_session_timeout`.execute(trx)).rows;
    });
    expect(shown).toEqual([{ idle_in_transaction_session_timeout: '1h' }]);
    await source.close();
  });
});
