import { expect, it } from 'vitest';
import { Follower } from '../../../src/db/follower.ts';
import type { Trx, TrxReader } from '../../../src/db/schema.ts';

const READER: TrxReader = { read: (query) => query({} as Trx) };

/** With a database whose fence the test sets, and a memory that takes it over. */
function followed() {
  const database = { fence: 1 };
  const memory: number[] = [];
  const follower = new Follower({
    reader: READER,
    shared: { fence: async () => database.fence, isThere: async () => true, proof: async () => {} },
    passed: () => {},
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

it('has nothing to tell where nobody else writes', async () => {
  const follower = new Follower({ reader: READER, shared: undefined, passed: () => {} });
  expect(await follower.look()).toBe(false);
});
