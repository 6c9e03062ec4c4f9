import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { openReader } from '../../../src/db/open-engine.ts';
import { prepareDatabaseFile } from '../../../src/db/sqlite/database-file.ts';
import { migrateFile } from '../../../src/db/sqlite/migrate-file.ts';
import { ownSchema } from '../../../src/db/sqlite/own-schema.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { openTestWriter } from '../../support/open-test-writer.ts';
import { query } from '../../support/store-database.ts';

/** What somebody with the file does, and what the refusal names. */
const CHANGES: readonly (readonly [name: string, sql: string, named: string])[] = [
  [
    'a trigger that ignores what is inserted',
    'CREATE TRIGGER quiet BEFORE INSERT ON revocations BEGIN SELECT RAISE(IGNORE); END',
    'trigger "quiet" is not Keyward\'s',
  ],
  [
    'a trigger that acts after an insert',
    'CREATE TRIGGER more AFTER INSERT ON audit_events BEGIN DELETE FROM checkpoints; END',
    'trigger "more" is not Keyward\'s',
  ],
  [
    'a view beside the tables',
    'CREATE VIEW spare AS SELECT * FROM revocations',
    'view "spare" is not Keyward\'s',
  ],
  [
    'a view in place of a table',
    'ALTER TABLE readiness RENAME TO hidden; CREATE VIEW readiness AS SELECT * FROM hidden',
    'view "readiness" is not Keyward\'s',
  ],
  ['a table of its own', 'CREATE TABLE extra (id INTEGER)', 'table "extra" is not Keyward\'s'],
  ['an index that is gone', 'DROP INDEX issuance_records_slot', 'index "issuance_records_slot" is missing'],
  [
    'an index over other columns',
    'DROP INDEX issuance_records_slot; CREATE INDEX issuance_records_slot ON issuance_records (jti)',
    'index "issuance_records_slot" is not as Keyward makes it',
  ],
  [
    'a column more',
    'ALTER TABLE readiness ADD COLUMN note TEXT',
    'table "readiness" is not as Keyward makes it',
  ],
  [
    'a table with another collation',
    'DROP TABLE readiness; CREATE TABLE readiness (id TEXT COLLATE NOCASE PRIMARY KEY, checked_at INTEGER)',
    'table "readiness" is not as Keyward makes it',
  ],
  [
    'a constraint taken out of the text of the schema',
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'not null', '') WHERE name = 'checkpoints'",
    'table "checkpoints" is not as Keyward makes it',
  ],
  ['the mark of another program', 'PRAGMA application_id = 7', 'application_id is 7, not 0'],
  ['another version of its user', 'PRAGMA user_version = 3', 'user_version is 3, not 0'],
  [
    'a name that a terminal would obey',
    'CREATE TABLE "\u001b[2Jx\u202e" (id INTEGER)',
    'table "\ufffd[2Jx\ufffd" is not Keyward\'s',
  ],
];

it.each(CHANGES)('refuses a database with %s, and names it', async (_name, sql, named) => {
  const file = await migrated();
  change(file, sql);
  const refused = await migrateFile(file).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({
    code: 'foreign_schema',
    message: `${named} in the database. Read docs/runbooks/changed-records.md before the service starts.`,
  });
});

it.each([
  ['nobody touched', ''],
  ['was vacuumed', 'VACUUM'],
  ['was analysed', 'ANALYZE'],
  ['was indexed anew', 'REINDEX'],
  ['has another journal, which is set right', 'PRAGMA journal_mode = DELETE'],
])('opens a database that %s', async (_name, sql) => {
  const file = await migrated();
  change(file, sql);
  expect(await migrateFile(file)).toEqual(await ownSchema());
});

it.each([
  ['a table', ''],
  ['a table with a trigger', 'CREATE TRIGGER quiet AFTER INSERT ON t BEGIN SELECT 1; END'],
])('changes nothing in an empty database that somebody put %s into', async (_, trigger) => {
  const file = join(folderOfTest(), 'keyward.db');
  prepareDatabaseFile(file);
  change(file, `CREATE TABLE t (id); ${trigger}`);
  await expect(migrateFile(file)).rejects.toMatchObject({ code: 'foreign_schema' });
  expect(query(file, "SELECT name FROM sqlite_schema WHERE type = 'table'")).toEqual([{ name: 't' }]);
  change(file, 'DROP TABLE t');
  expect(await migrateFile(file)).toEqual(await ownSchema());
});

it('refuses every change once the schema is another, and goes on when it is ours again', async () => {
  const { writer, file } = await openTestWriter();
  await writer.append(issuanceRecord(1));
  change(file, 'CREATE TRIGGER quiet BEFORE INSERT ON issuance_records BEGIN SELECT RAISE(IGNORE); END');
  const refused = { code: 'store_unavailable', cause: { condition: 'foreign_schema' } };
  await expect(writer.append(issuanceRecord(2))).rejects.toMatchObject(refused);
  await expect(writer.transaction((trx) => trx.deleteFrom('readiness').execute())).rejects.toMatchObject(
    refused,
  );
  change(file, 'DROP TRIGGER quiet');
  await writer.append(issuanceRecord(3));
});

it('reads nothing once the schema is another', async () => {
  const { file } = await openTestWriter();
  const reader = await openReader({ file });
  const read = () => reader.read((trx) => trx.selectFrom('readiness').selectAll().execute());
  expect(await read()).toEqual([]);
  change(
    file,
    'ALTER TABLE readiness RENAME TO hidden; CREATE VIEW readiness AS SELECT 1 AS id, 2 AS checked_at',
  );
  await expect(read()).rejects.toMatchObject({ cause: { condition: 'foreign_schema' } });
  await reader.close();
});

it('reads again when the schema is ours again, and sees what of it is not until then', async () => {
  const { file } = await openTestWriter();
  const reader = await openReader({ file });
  const read = () => reader.read((trx) => trx.selectFrom('readiness').selectAll().execute());
  change(file, 'CREATE TRIGGER quiet BEFORE INSERT ON revocations BEGIN SELECT RAISE(IGNORE); END');
  for (let times = 0; times < 2; times += 1) {
    await expect(read()).rejects.toMatchObject({ cause: { condition: 'foreign_schema' } });
  }
  expect(await reader.foreign()).toContain('quiet');
  change(file, 'DROP TRIGGER quiet');
  expect(await reader.foreign()).toBeUndefined();
  expect(await read()).toEqual([]);
  await reader.close();
});

it('looks up nothing once the schema is another', async () => {
  const { store, file } = await openTestStore();
  const { digest, iat } = issuanceRecord(1);
  expect(await store.ledger.lookups.find(digest, iat)).toBeUndefined();
  change(file, 'DROP INDEX issuance_records_slot');
  await expect(store.ledger.lookups.find(digest, iat)).rejects.toMatchObject({
    cause: { condition: 'foreign_schema' },
  });
});

async function migrated(): Promise<string> {
  const template = join(folderOfTest(), 'template.db');
  prepareDatabaseFile(template);
  await migrateFile(template);
  const file = join(folderOfTest(), 'keyward.db');
  copyFileSync(template, file);
  return file;
}

function change(file: string, sql: string): void {
  const db = new DatabaseSync(file, { timeout: 5_000, defensive: false });
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}
