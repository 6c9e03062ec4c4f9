import { expect, it } from 'vitest';
import { createUnwitnessedTrail } from '../../../src/audit/store/unwitnessed-trail.ts';
import { UnwitnessedRanges } from '../../../src/db/unwitnessed.ts';
import type { EventRange } from '../../../src/kernel/audit.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { queryDatabase } from '../../support/store-database.ts';

const ALICE = { operatorId: 'alice', requestId: null };
const EVENT = { type: 'test', actor: 'alice', subject: 'x', requestId: null, details: {} };

/** Two fronts on one store that begin with events of which nobody vouches for the first two. */
async function fronts() {
  const { store, database } = await openTestStore();
  for (let count = 0; count < 3; count += 1) await store.audit.record(EVENT);
  const range: EventRange = { from: 1, to: 2, hash: 'h' };
  const open = async (found?: EventRange) => {
    const ranges = new UnwitnessedRanges();
    const trail = createUnwitnessedTrail(ranges, store.reader, store.writer, NOON);
    await trail.load(found);
    return { trail, ranges };
  };
  const one = await open(range);
  await one.trail.record(range);
  return { store, database, range, open, one, other: await open() };
}

it('count on every front once they are confirmed at one, and not before', async () => {
  const { range, one, other } = await fronts();
  await other.trail.follow();
  expect(other.trail.list()).toEqual([range]);
  expect(await one.trail.confirm('seen', ALICE)).toEqual([range]);
  expect(other.trail.list()).toEqual([range]);
  await other.trail.follow();
  expect([other.trail.list(), other.ranges.list]).toEqual([[], []]);
  await other.trail.follow();
});

it('stay passed over where what confirms them is one of them, or was written by somebody else', async () => {
  const { store, database, range, one, other, open } = await fronts();
  await one.trail.confirm('seen', ALICE);
  const [last] = (await store.audit.newestEvents(1)).map(({ sequence }) => sequence);
  const within = { from: 1, to: last ?? 0, hash: 'i' };
  const ranges = new UnwitnessedRanges();
  const doubting = createUnwitnessedTrail(ranges, store.reader, store.writer, NOON);
  ranges.set([range, within]);
  await doubting.follow();
  expect(doubting.list()).toEqual([range, within]);
  await queryDatabase(
    database,
    `UPDATE audit_events SET details_json = replace(details_json, 'seen', 'sent') WHERE sequence = ${last} RETURNING 1`,
  );
  await other.trail.follow();
  expect(other.trail.list()).toEqual([range]);
  expect((await open(range)).trail.list()).toEqual([range]);
});
