import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestWriter } from '../../support/open-test-writer.ts';
import { query, recordsIn } from '../../support/store-database.ts';

const threads = { started: [] as Worker[], deaf: false };
const started = (worker: Worker) => void threads.started.push(worker);

beforeEach(() => {
  threads.started.length = 0;
  threads.deaf = false;
  process.on('worker', started);
  const post = Worker.prototype.postMessage;
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message) {
    if (!threads.deaf) post.call(this, message);
  });
});
afterEach(() => {
  process.off('worker', started);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const insert = (id: string) => sql`INSERT INTO clients (id, description, created_at) VALUES (${id}, '', 0)`;
const current = () => threads.started.at(-1) as Worker;
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('rejects the records whose fate is unknown when the thread dies, and goes on with another', async () => {
  const { writer, file, events } = await openTestWriter();
  await writer.append(issuanceRecord(0));
  threads.deaf = true;
  const waiting = writer.append(issuanceRecord(1));
  await turn();
  threads.deaf = false;
  const [refused] = await Promise.allSettled([waiting, current().terminate()]);
  expect(refused).toMatchObject({ reason: { code: 'store_unavailable', retryAfterSeconds: 2 } });
  await writer.append(issuanceRecord(2));
  expect(recordsIn(file).map(({ jti }) => jti)).toEqual(['jti-0', 'jti-2']);
  expect(threads.started).toHaveLength(2);
  expect(events).toMatchObject([
    { name: 'write_failed', condition: 'writer_lost' },
    { name: 'write_recovered' },
  ]);
});

it('never continues a transaction in the thread that replaced its own', async () => {
  const { writer, file } = await openTestWriter();
  const work = writer.transaction(async (trx) => {
    await insert('before').execute(trx);
    await current().terminate();
    await insert('after').execute(trx);
  });
  await expect(work).rejects.toMatchObject({ code: 'store_unavailable' });
  await writer.transaction((trx) => insert('next').execute(trx));
  expect(query(file, 'SELECT id FROM clients')).toEqual([{ id: 'next' }]);
});

it('gives up a thread that does not answer in time, and starts no other before it has ended', async () => {
  const { writer, file } = await openTestWriter({ deadlineMs: 3_000 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  threads.deaf = true;
  const stuck = writer.append(issuanceRecord(0));
  await turn();
  const ended = once(current(), 'exit');
  const behind = writer.append(issuanceRecord(1));
  const change = writer.transaction((trx) => insert('behind').execute(trx));
  vi.advanceTimersByTime(2_999);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  await expect(stuck).rejects.toMatchObject({
    code: 'store_unavailable',
    cause: { message: 'the thread gave no answer within 3000 ms' },
  });
  await expect(behind).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(change).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(threads.started).toHaveLength(1);
  threads.deaf = false;
  await ended;
  await writer.append(issuanceRecord(2));
  await writer.transaction((trx) => insert('next').execute(trx));
  expect(recordsIn(file).map(({ jti }) => jti)).toEqual(['jti-2']);
  expect(query(file, 'SELECT id FROM clients')).toEqual([{ id: 'next' }]);
  expect(threads.started).toHaveLength(2);
});
