import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Writer } from '../../src/db/writer.ts';
import { createLedger } from '../../src/ledger/durable-ledger.ts';
import { folderOfTest } from '../support/folder-of-test.ts';
import { issuanceRecord } from '../support/issuance-records.ts';
import { openTestStore } from '../support/open-test-store.ts';
import { openTestWriter } from '../support/open-test-writer.ts';
import { canMount, smallDisk, takeAllSpace } from '../support/small-disk.ts';
import { recordsIn } from '../support/store-database.ts';

const LOCKER = join(import.meta.dirname, '../support/hold-lock.ts');

const jtis = (file: string) => recordsIn(file).map(({ jti }) => jti);
const pragma = (writer: Writer, text: string) =>
  writer.transaction((trx) => sql.raw(`PRAGMA ${text}`).execute(trx));

describe('a full disk', () => {
  it('fails records and changes as unavailable, and takes them again once there is room', async () => {
    const { writer, file, events } = await openTestWriter();
    const ledger = createLedger(writer);
    await pragma(writer, 'max_page_count = 1');
    const large = issuanceRecord(1, { subject: 'x'.repeat(200_000) });
    await expect(ledger.record(large)).rejects.toMatchObject({
      code: 'ledger_unavailable',
      cause: { code: 'store_unavailable', cause: { code: 13, condition: 'full' } },
    });
    const change = writer.transaction((trx) =>
      trx
        .insertInto('clients')
        .values({ id: 'x', description: 'x'.repeat(200_000), created_at: 0 })
        .execute(),
    );
    await expect(change).rejects.toMatchObject({ code: 'store_unavailable', cause: { condition: 'full' } });
    await pragma(writer, 'max_page_count = 1000000');
    await ledger.record(large);
    expect(jtis(file)).toEqual(['jti-1']);
    expect(events[0]).toMatchObject({ name: 'write_failed', condition: 'full' });
    expect(events.at(-1)).toEqual({ name: 'write_recovered' });
  });

  it.skipIf(!canMount())('recovers on a real file system too, without losing what was durable', async () => {
    const disk = smallDisk();
    const ballast = join(disk, 'ballast');
    const { store, file } = await openTestStore({ file: join(disk, 'keyward.db') });
    await store.records.append(issuanceRecord(0));
    takeAllSpace(ballast);
    const large = issuanceRecord(1, { subject: 'x'.repeat(100_000) });
    await expect(store.records.append(large)).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { condition: 'full' },
    });
    rmSync(ballast);
    await store.records.append(issuanceRecord(2));
    expect(jtis(file)).toEqual(['jti-0', 'jti-2']);
  });
});

describe('a database that another process has locked', () => {
  it('fails as locked after a short wait, and works again when the lock is gone', async () => {
    const { writer, file, events } = await openTestWriter();
    const unlock = await lock(file);
    await expect(writer.append(issuanceRecord(1))).rejects.toMatchObject({
      code: 'store_unavailable',
      retryAfterSeconds: 2,
      cause: { code: 5, condition: 'locked' },
    });
    await unlock();
    await writer.append(issuanceRecord(2));
    expect(jtis(file)).toEqual(['jti-2']);
    expect(events).toMatchObject([
      { name: 'write_failed', condition: 'locked' },
      { name: 'write_recovered' },
    ]);
  });
});

describe('a database that turned read-only', () => {
  it('fails as read-only and opens the connection anew, so that it works when the cause is gone', async () => {
    const { writer, file, events } = await openTestWriter();
    await pragma(writer, 'query_only = ON');
    await expect(writer.append(issuanceRecord(1))).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { code: 8, condition: 'read_only' },
    });
    await writer.append(issuanceRecord(2));
    expect(jtis(file)).toEqual(['jti-2']);
    expect(await writer.durability()).toMatchObject({ journalMode: 'wal', synchronous: 2 });
    expect(events).toMatchObject([
      { name: 'write_failed', condition: 'read_only' },
      { name: 'write_recovered' },
    ]);
  });

  it.skipIf(!canMount())('refuses to open on a file system mounted read-only, and opens after', async () => {
    const disk = smallDisk();
    const file = join(disk, 'keyward.db');
    const first = await openTestStore({ file });
    await first.store.close();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expect(openTestStore({ file })).rejects.toMatchObject({ code: 'store_unavailable' });
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    const { store } = await openTestStore({ file });
    await store.records.append(issuanceRecord(1));
    expect(jtis(file)).toEqual(['jti-1']);
  });
});

describe('a file that cannot be a database', () => {
  it('is refused at the start, as corrupt', async () => {
    const file = join(folderOfTest(), 'keyward.db');
    writeFileSync(file, 'this is no database, however long it may be '.repeat(100));
    await expect(openTestStore({ file })).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { code: 26, condition: 'corrupt' },
    });
  });

  it('is refused at the start where its folder is missing', async () => {
    const file = join(folderOfTest(), 'nowhere', 'keyward.db');
    await expect(openTestStore({ file })).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { code: 'ENOENT' },
    });
  });
});

async function lock(file: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [LOCKER, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.end();
    await closed;
  };
}
