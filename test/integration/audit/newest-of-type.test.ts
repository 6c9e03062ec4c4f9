import { expect, it } from 'vitest';
import { NewestOfType } from '../../../src/audit/index.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const EVENT = { actor: 'alice', subject: 'x', requestId: null, details: {} };

async function opened(most = 250) {
  const { store } = await openTestStore();
  const record = async (count: number, type = 'drill') => {
    for (let n = 0; n < count; n += 1) await store.audit.record({ ...EVENT, type });
  };
  const open = () => NewestOfType.open(store.audit, { type: 'drill', most, of: ({ sequence }) => sequence });
  return { record, open };
}

it('are what there was, and what came since, the newest first', async () => {
  const { record, open } = await opened();
  await record(2);
  await record(1, 'other');
  const drills = await open();
  expect(drills.list).toEqual([2, 1]);
  await record(1);
  await record(1, 'other');
  expect(drills.list).toEqual([2, 1]);
  await drills.refresh();
  await drills.refresh();
  expect(drills.list).toEqual([4, 2, 1]);
  await record(1);
  await Promise.all([drills.refresh(), drills.refresh()]);
  expect(drills.list).toEqual([6, 4, 2, 1]);
});

it('are kept in bounded number, and however many come at once', async () => {
  const { record, open } = await opened(220);
  const drills = await open();
  expect(drills.list).toEqual([]);
  await record(230);
  await drills.refresh();
  expect(drills.list).toEqual(Array.from({ length: 220 }, (_, n) => 230 - n));
  expect((await open()).list).toEqual(drills.list);
});
