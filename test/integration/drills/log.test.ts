import { expect, it } from 'vitest';
import type { DrillReport } from '../../../src/drills/drill.ts';
import { openDrillLog } from '../../../src/drills/log.ts';
import { movableClock } from '../../simulation/movable-clock.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const START = 1_760_000_000;
const DAY = 86_400;
const ADA = { operatorId: 'ada', requestId: null };
const BOB = { operatorId: 'bob', requestId: null };
const report = (passed: boolean): DrillReport => ({
  drill: 'compromise',
  scope: 'drill',
  passed,
  steps: [{ name: 'declared', tookMs: 740 }],
});

/** The log as two fronts on one store have it. */
async function fronts() {
  const clock = movableClock(START);
  const { store } = await openTestStore({ clock });
  await store.audit.record({ type: 'init', actor: 'ada', subject: 'x', requestId: null, details: {} });
  const open = () => openDrillLog({ audit: store.audit, clock, overdueSeconds: 90 * DAY });
  return { clock, open, one: await open(), other: await open() };
}

it('has what was recorded at any front, and so it is known when the next is due', async () => {
  const { clock, one, other, open } = await fronts();
  expect(one.standings()).toEqual([
    { drill: 'compromise', lastPassedAt: null, since: START, overdueAt: START + 90 * DAY },
  ]);
  clock.moveTo(clock.nowSeconds() + DAY);
  const passed = await one.record(report(true), ADA);
  expect(passed).toEqual({ ...report(true), at: START + DAY, by: 'ada' });
  clock.moveTo(clock.nowSeconds() + DAY);
  const failed = await other.record(report(false), BOB);
  expect(other.list()).toEqual([failed, passed]);
  expect(one.list()).toEqual([passed]);
  await one.refresh();
  expect(one.list()).toEqual([failed, passed]);
  for (const log of [one, other, await open()]) {
    expect(log.standings()).toMatchObject([{ lastPassedAt: START + DAY, overdueAt: START + 91 * DAY }]);
  }
});
