import { expect, it, onTestFinished, vi } from 'vitest';
import { Follower } from '../../../src/db/follower.ts';
import type { Trx, TrxReader } from '../../../src/db/schema.ts';

const READER: TrxReader = { read: (query) => query({} as Trx) };

/** With a database whose fence the test sets, and a memory that takes it over. */
function followed() {
  const database = { fence: 1, isAway: false, isWhole: true };
  const memory: number[] = [];
  const follower = new Follower({
    reader: READER,
    shared: {
      async fence() {
        if (database.isAway) throw new Error('away');
        return database.fence;
      },
      isThere: async () => true,
      proof: async () => {},
    },
    owner: { hadOthers: true },
    writer: {
      get hasForeignTrail() {
        return !database.isWhole;
      },
      ledgerEnd: undefined,
      passFence: () => {},
    },
  });
  follower.add(async () => void memory.push(database.fence));
  return { follower, database, memory };
}

it('takes over what others changed, and looks for nothing where the fence has not moved', async () => {
  const { follower, database, memory } = followed();
  await follower.look();
  await follower.look();
  expect(memory).toEqual([1]);
  database.fence = 2;
  await follower.look();
  expect(memory).toEqual([1, 2]);
});

it('lets whoever asks judge again, also where a look before theirs has taken all over', async () => {
  const { follower, memory } = followed();
  const [first, second] = [follower.look(), follower.look()];
  // It began after a judgement that was made before the first one ended.
  expect(await first).toBe(true);
  expect(await second).toBe(true);
  expect(memory).toEqual([1]);
});

it('knows how long ago it looked, and counts no look that failed', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { follower, database } = followed();
  vi.advanceTimersByTime(4_999);
  expect(follower.age).toBe(4.999);
  follower.requireFresh();
  database.isAway = true;
  await expect(follower.look()).rejects.toThrow('away');
  vi.advanceTimersByTime(1);
  expect(() => follower.requireFresh()).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
  database.isAway = false;
  await follower.look();
  expect(follower.age).toBe(0);
  follower.requireFresh();
});

it('takes over nothing from a database that lacks what was committed', async () => {
  const { follower, database, memory } = followed();
  await follower.look();
  database.isWhole = false;
  database.fence = 2;
  await expect(follower.look()).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(follower.catchUp()).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(memory).toEqual([1]);
  database.isWhole = true;
  await follower.look();
  expect(memory).toEqual([1, 2]);
});

it('has nothing to tell where nobody else writes', async () => {
  const follower = new Follower({
    reader: READER,
    shared: undefined,
    owner: { hadOthers: false },
    writer: { hasForeignTrail: false, ledgerEnd: undefined, passFence: () => {} },
  });
  expect(await follower.look()).toBe(false);
});
