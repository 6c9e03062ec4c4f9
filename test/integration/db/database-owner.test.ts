import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownFile } from '../../../src/db/sqlite/database-file.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const WORK = { kind: 'scope', id: 'payments', since: 1_800_000_000 } as const;
const OWNER = join(import.meta.dirname, '../../support/own-until-killed.ts');

it('is for one process at a time: another is refused, and may when the first is done', async () => {
  const file = join(folderOfTest(), 'keyward.db');
  const first = ownFile(file);
  expect(first.leads()).toBe(true);
  expect(() => ownFile(file)).toThrow(expect.objectContaining({ code: 'database_in_use' }));
  await first.release();
  expect(first.leads()).toBe(false);
  const second = ownFile(file);
  expect(second.leads()).toBe(true);
  expect([first.isAbandoned(WORK), second.isAbandoned(WORK)]).toEqual([false, true]);
  await second.release();
});

it('ends with a process that is killed', async () => {
  const file = join(folderOfTest(), 'keyward.db');
  const child = spawn(process.execPath, [OWNER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  expect(() => ownFile(file)).toThrow(expect.objectContaining({ code: 'database_in_use' }));
  child.kill('SIGKILL');
  await closed;
  ownFile(file).release();
});

it('leads no more where its lock was taken away, since another could hold the next', async () => {
  const file = join(folderOfTest(), 'keyward.db');
  const owner = ownFile(file);
  expect(statSync(`${file}-owner`).mode & 0o777).toBe(0o600);
  rmSync(`${file}-owner`);
  expect([owner.leads(), owner.isAbandoned(WORK)]).toEqual([false, false]);
  await owner.release();
});

it('says that the store is away where it cannot lock at all', async () => {
  expect(() => ownFile(join(folderOfTest(), 'missing', 'keyward.db'))).toThrow(
    expect.objectContaining({ code: 'store_unavailable' }),
  );
});
