import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { told } from '../../../src/backup/take.ts';
import { copyDatabase } from '../../../src/db/sqlite/online-copy.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { canMount, smallDisk } from '../../support/small-disk.ts';

function database(rows: number) {
  const folder = folderOfTest();
  const file = join(folder, 'a.db');
  const db = new DatabaseSync(file);
  onTestFinished(() => db.close());
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (n INTEGER PRIMARY KEY, content BLOB)',
  );
  const insert = db.prepare('INSERT INTO t (content) VALUES (?)');
  const add = (count: number) => {
    db.exec('BEGIN');
    for (let n = 0; n < count; n += 1) insert.run(Buffer.alloc(1_000, n));
    db.exec('COMMIT');
  };
  add(rows);
  return { folder, file, add };
}

const countIn = (file: string) => {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare('SELECT count(*) AS n FROM t').get()?.n;
  } finally {
    db.close();
  }
};

it('copies what there was when it began, though rows come at each step', async () => {
  const { folder, file, add } = database(5_000);
  const to = join(folder, 'b.db');
  const shares: number[] = [];
  await copyDatabase(file, to, (share) => {
    shares.push(share);
    add(10);
  });
  expect(shares.length).toBeGreaterThan(0);
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
  expect([countIn(to), countIn(file)]).toEqual([5_000, 5_000 + 10 * shares.length]);
  expect((statSync(to).mode & 0o777).toString(8)).toBe('600');
  expect(readdirSync(folder).filter((name) => name.startsWith('b.db'))).toEqual(['b.db']);
});

it('overwrites nothing', async () => {
  const { folder, file } = database(1);
  const to = join(folder, 'b.db');
  writeFileSync(to, 'mine');
  await expect(copyDatabase(file, to, () => {})).rejects.toMatchObject({ code: 'EEXIST' });
});

describe.skipIf(!canMount())('onto a full disk', () => {
  it('fails, and the failure says so', async () => {
    const { file } = database(3_000);
    const disk = smallDisk();
    const failed = await copyDatabase(file, join(disk, 'b.db'), () => {}).catch((error) => told(error));
    expect(failed).toMatchObject({ code: 'disk_full' });
    expect(existsSync(file)).toBe(true);
  });
});

it.each([
  [{ code: 'ENOSPC' }, 'disk_full'],
  [{ code: 'EDQUOT' }, 'disk_full'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 13 }, 'disk_full'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 26 }, 'unreadable'],
  [{ code: 'EACCES', path: '/backup' }, 'unreadable'],
])('%j is told as %s', (error, code) => {
  expect(told(Object.assign(new Error('it failed'), error))).toMatchObject({ code });
});
