import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreFailure, toKeywardError } from '../../../src/db/failure.ts';
import { ReadBack } from '../../../src/db/read-back.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const PAGE = 4_096;
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    ({ code, cause }) => `${code} ${cause?.condition ?? ''}`,
  );

async function recorded() {
  const { store, file, events } = await openTestStore();
  for (let n = 0; n < 20; n++) await store.records.append(issuanceRecord(n));
  const told = () => events.map((event) => `${event.name} ${'condition' in event ? event.condition : ''}`);
  return { store, file, told };
}

describe('a database that is not what was opened', () => {
  it.each(['-wal', '-shm'])('is written to no more once its %s is gone, and says so', async (suffix) => {
    const { store, file, told } = await recorded();
    await store.probeLookups();
    rmSync(`${file}${suffix}`);
    expect(await outcome(store.records.append(issuanceRecord(30)))).toBe('store_unavailable moved');
    expect(await outcome(store.probe())).toBe('store_unavailable moved');
    expect(told()).toEqual(['write_failed moved']);
  });

  it('is written to no more once look-ups meet damaged pages, whatever else can be read', async () => {
    const { store, file, told } = await recorded();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    const fd = openSync(file, 'r+');
    onTestFinished(() => closeSync(fd));
    for (let at = 2 * PAGE; at < statSync(file).size; at += PAGE)
      writeSync(fd, Buffer.alloc(PAGE, 0xff), 0, PAGE, at);
    expect(await outcome(store.probeLookups())).toBe('store_unavailable corrupt');
    const refused = store.records.append(issuanceRecord(30));
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('is damaged') });
    expect(await outcome(store.probeLookups())).toBe('store_unavailable corrupt');
    expect(told()).toEqual(['read_failed corrupt']);
  });

  it('is looked into by the thread for many at once only from its first question on', async () => {
    const { store } = await recorded();
    await store.probeLookups();
    expect(store.ledger.bulkLookups.isUsed).toBe(false);
    await store.ledger.bulkLookups.find(Buffer.alloc(32), 0);
    expect(store.ledger.bulkLookups.isUsed).toBe(true);
    await store.probeLookups();
  });

  it.each([
    ['io_error', 522],
    ['unreachable', 'ECONNREFUSED'],
  ] as const)('is written to again once look-ups work again: %s', async (condition, code) => {
    const working = { find: async () => undefined };
    let broken = true;
    const told: unknown[] = [];
    const back = new ReadBack({
      appender: { append: async () => {} },
      lookups: () => [
        working,
        {
          find: async () => {
            if (broken) throw toKeywardError(new StoreFailure({ message: 'short read', code, condition }));
            return undefined;
          },
        },
      ],
      onChange: (condition) => told.push(condition),
    });
    await back.append(issuanceRecord(1));
    const refused = `store_unavailable ${condition}`;
    expect(await outcome(back.probe())).toBe(refused);
    expect(await outcome(back.probe())).toBe(refused);
    expect(await outcome(back.append(issuanceRecord(2)))).toBe(refused);
    broken = false;
    await back.probe();
    await back.append(issuanceRecord(2));
    expect(told).toEqual([condition, undefined]);
  });
});
