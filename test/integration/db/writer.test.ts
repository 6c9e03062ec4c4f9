import { closeSync, constants, openSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readMark } from '../../../src/db/mark-file.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { groupsIn } from '../../support/ledger-chain.ts';
import { openTestWriter } from '../../support/open-test-writer.ts';
import { commitsIn, query, recordsIn } from '../../support/store-database.ts';

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => issuanceRecord(from + index));

describe('durability', () => {
  it('reads FULL, WAL and foreign keys back from the connection that writes', async () => {
    const { writer } = await openTestWriter();
    expect(await writer.durability()).toEqual({
      journalMode: 'wal',
      synchronous: 2,
      foreignKeys: true,
      sqliteVersion: process.versions.sqlite,
    });
  });
});

describe('the end of the ledger', () => {
  /** What the event loop writes of it itself is nothing. */
  function markIn(file: string) {
    const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT);
    onTestFinished(() => closeSync(descriptor));
    const acknowledged: number[] = [];
    const mark = {
      place: { descriptor, owner: 'a', boot: 'b' },
      record: () => {},
      acknowledge: ({ sequence }: { readonly sequence: number }) => void acknowledged.push(sequence),
    };
    return { mark, acknowledged, read: () => readMark(descriptor) };
  }

  it('is kept by the thread that commits, before anybody is told of the group', async () => {
    const { mark, acknowledged, read } = markIn(join(folderOfTest(), 'ledger-archive.end'));
    const { writer } = await openTestWriter({ mark });
    for (const sequence of [1, 2]) {
      await writer.append(issuanceRecord(sequence));
      expect(read()).toMatchObject({ sequence, at: 1_760_000_000, owner: 'a', boot: 'b' });
    }
    expect(acknowledged).toEqual([1, 2]);
  });

  it('that cannot be kept is no end: nobody is told of the group', async () => {
    const { mark, acknowledged } = markIn('/dev/full');
    const { writer, file, events } = await openTestWriter({ mark });
    await expect(writer.append(issuanceRecord(0))).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { condition: 'io_error' },
    });
    expect(recordsIn(file)).toHaveLength(1);
    expect([acknowledged, writer.ledgerEnd]).toEqual([[], undefined]);
    expect(events).toMatchObject([{ name: 'write_failed', condition: 'io_error' }]);
  });
});

describe('group commit', () => {
  it('commits the records of one turn of the event loop together', async () => {
    const { writer, file } = await openTestWriter();
    const before = commitsIn(file);
    const records = numbered(0, 100);
    const durable = Promise.all(records.map((record) => writer.append(record)));
    expect(writer.queuedRecords).toBe(100);
    await durable;
    expect(writer.queuedRecords).toBe(0);
    expect(commitsIn(file) - before).toBe(1);
    expect(recordsIn(file)).toEqual(records);
  });

  it('makes of the records that arrive while a commit is under way the next commit', async () => {
    const { writer, file } = await openTestWriter();
    const before = commitsIn(file);
    const first = writer.append(issuanceRecord(0));
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...numbered(1, 50).map((record) => writer.append(record))]);
    expect(commitsIn(file) - before).toBe(2);
    expect(recordsIn(file)).toEqual(numbered(0, 51));
  });

  it('splits what exceeds one group into the next', async () => {
    const { writer, file } = await openTestWriter({ queueLimit: 2_000 });
    const before = commitsIn(file);
    await Promise.all(numbered(0, 1_025).map((record) => writer.append(record)));
    expect(commitsIn(file) - before).toBe(2);
    expect(recordsIn(file)).toHaveLength(1_025);
  });

  it('refuses the one record that breaks a constraint and commits its neighbours', async () => {
    const { writer, file } = await openTestWriter();
    const twice = issuanceRecord(2);
    const settled = await Promise.allSettled(
      [issuanceRecord(1), twice, twice, issuanceRecord(3)].map((record) => writer.append(record)),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(settled[2]).toMatchObject({ reason: { code: 'internal', cause: { code: 2067 } } });
    expect(recordsIn(file)).toEqual(numbered(1, 3));
  });

  it('keeps a record without a subject as it is', async () => {
    const { writer, file } = await openTestWriter();
    const record = issuanceRecord(1, { subject: null });
    await writer.append(record);
    expect(recordsIn(file)).toEqual([record]);
  });
});

describe('order', () => {
  it('commits records and changes in the order in which they were handed in', async () => {
    const { writer, file } = await openTestWriter();
    const seen = (step: number) =>
      writer.transaction(async (trx) => {
        const rows = await trx.selectFrom('issuance_records').select('jti').orderBy('sequence').execute();
        return { step, jtis: rows.map(({ jti }) => jti) };
      });
    const [, first, , second] = await Promise.all([
      writer.append(issuanceRecord(1)),
      seen(1),
      writer.append(issuanceRecord(2)),
      seen(2),
    ]);
    expect(first).toEqual({ step: 1, jtis: ['jti-1'] });
    expect(second).toEqual({ step: 2, jtis: ['jti-1', 'jti-2'] });
    expect(recordsIn(file)).toEqual(numbered(1, 2));
  });

  it('puts an urgent change before all that wait, and behind every record that was there before it, in one commit', async () => {
    const { writer, file } = await openTestWriter();
    const done: string[] = [];
    const change = (name: string) => writer.transaction(async () => void done.push(name));
    const record = (n: number) => writer.append(issuanceRecord(n)).then(() => void done.push(`record ${n}`));
    const waiting = [change('first'), record(1), change('second'), record(2), change('third')];
    const urgent = writer.urgently(async () => void done.push('urgent'));
    await Promise.all([...waiting, record(3)]);
    expect(await urgent).toEqual({ result: undefined, replicated: true });
    expect(done).toEqual(['record 1', 'record 2', 'urgent', 'first', 'second', 'third', 'record 3']);
    expect(groupsIn(file).map(({ rowCount }) => rowCount)).toEqual([2, 1]);
  });

  it('takes an urgent change where too many others wait', async () => {
    const { writer } = await openTestWriter();
    const waiting = Array.from({ length: 256 }, () => writer.transaction(async () => {}));
    await expect(writer.transaction(async () => {})).rejects.toMatchObject({ code: 'overloaded' });
    expect(await writer.urgently(async () => 'done')).toEqual({ result: 'done', replicated: true });
    await Promise.all(waiting);
  });

  it('never lets two transactions run into each other', async () => {
    const { writer } = await openTestWriter();
    const steps: string[] = [];
    const change = (name: string) =>
      writer.transaction(async (trx) => {
        steps.push(`${name} begins`);
        await sql`SELECT 1`.execute(trx);
        await new Promise((resolve) => setImmediate(resolve));
        steps.push(`${name} ends`);
      });
    await Promise.all([change('one'), change('two')]);
    expect(steps).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  });
});

describe('transactions', () => {
  const insert = (id: string) => sql`INSERT INTO clients (id, description, created_at) VALUES (${id}, '', 0)`;

  it('keeps nothing of one whose work rejects, and passes its error through', async () => {
    const { writer, file } = await openTestWriter();
    const refusal = new KeywardError('client_exists', 'taken');
    const work = writer.transaction(async (trx) => {
      await insert('mail').execute(trx);
      throw refusal;
    });
    await expect(work).rejects.toBe(refusal);
    expect(query(file, 'SELECT id FROM clients')).toEqual([]);
    await writer.transaction((trx) => insert('mail').execute(trx));
    expect(query(file, 'SELECT id FROM clients')).toEqual([{ id: 'mail' }]);
  });

  it('names a statement that SQLite refuses as an error of ours, with its result code', async () => {
    const { writer } = await openTestWriter();
    const work = writer.transaction((trx) => sql`INSERT INTO grants VALUES ('a', 'b', 'sign')`.execute(trx));
    await expect(work).rejects.toMatchObject({ code: 'internal', cause: { code: 787 } });
  });

  it('does not let statements go on after SQLite rolled the transaction back by itself', async () => {
    const { writer, file } = await openTestWriter();
    const work = writer.transaction(async (trx) => {
      await insert('lost').execute(trx);
      await sql`ROLLBACK`.execute(trx);
      await insert('on its own').execute(trx);
    });
    await expect(work).rejects.toMatchObject({ code: 'internal', cause: { code: 516 } });
    expect(query(file, 'SELECT id FROM clients')).toEqual([]);
  });
});

describe('limits', () => {
  it('answers overloaded beyond the queue’s limit, and takes records again once there is room', async () => {
    const { writer, file } = await openTestWriter({ queueLimit: 3 });
    const waiting = numbered(0, 3).map((record) => writer.append(record));
    await expect(writer.append(issuanceRecord(3))).rejects.toMatchObject({
      code: 'overloaded',
      retryAfterSeconds: 1,
    });
    await Promise.all(waiting);
    await writer.append(issuanceRecord(4));
    expect(recordsIn(file).map(({ jti }) => jti)).toEqual(['jti-0', 'jti-1', 'jti-2', 'jti-4']);
  });

  it('takes a change while the records’ queue is full, and refuses the 257th', async () => {
    const { writer } = await openTestWriter({ queueLimit: 1 });
    const record = writer.append(issuanceRecord(0));
    const changes = Array.from({ length: 256 }, () => writer.transaction(async () => 'done'));
    await expect(writer.transaction(async () => 'done')).rejects.toMatchObject({ code: 'overloaded' });
    await record;
    expect(new Set(await Promise.all(changes))).toEqual(new Set(['done']));
  });
});

describe('closing', () => {
  it('finishes what is queued and refuses what comes later', async () => {
    const { writer, file } = await openTestWriter();
    const queued = numbered(0, 3).map((record) => writer.append(record));
    const closed = writer.close();
    await expect(writer.append(issuanceRecord(3))).rejects.toMatchObject({ code: 'shutting_down' });
    await expect(writer.transaction(async () => 'done')).rejects.toMatchObject({ code: 'shutting_down' });
    await closed;
    await Promise.all(queued);
    expect(recordsIn(file)).toEqual(numbered(0, 3));
  });
});

describe('a file that is moved away', () => {
  it('is not written to any more, and is again once it is back', async () => {
    const { writer, file, events } = await openTestWriter();
    await writer.append(issuanceRecord(0));
    await rename(file, `${file}.away`);
    await expect(writer.append(issuanceRecord(1))).rejects.toMatchObject({ code: 'store_unavailable' });
    await rename(`${file}.away`, file);
    await writer.append(issuanceRecord(2));
    expect(recordsIn(file).map(({ jti }) => jti)).toEqual(['jti-0', 'jti-2']);
    expect(events).toMatchObject([{ name: 'write_failed', condition: 'moved' }, { name: 'write_recovered' }]);
  });
});
