import { expect, it } from 'vitest';
import { createDiskAlarm } from '../../../src/health/disk.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { raiserInto } from '../../support/raised-events.ts';

function looking(shares: readonly number[]) {
  const raised: SecurityEventReport[] = [];
  let now = 100;
  let used = 0;
  let seen = 0;
  const relieved: number[] = [];
  const look = createDiskAlarm({
    disks: {
      used: () => ({ database: seen }),
      async refresh() {
        seen = used;
      },
    },
    events: raiserInto(raised),
    clock: { nowSeconds: () => now },
    onRelief: (_, share) => relieved.push(share),
  });
  const told = async () => {
    for (const share of shares) {
      used = share;
      await look();
      now += 1;
    }
    return raised.map(({ type, severity, evidence: { percent, since } }) =>
      type === 'condition.over' ? ['over', since] : [severity, percent, since],
    );
  };
  return { told, raised, relieved };
}

it('tells at three quarters and at nine tenths, each once', async () => {
  const { told, raised } = looking([0.749, 0.75, 0.8, 0.899, 0.9, 0.95]);
  expect(await told()).toEqual([
    ['warning', 75, 101],
    ['critical', 90, 104],
  ]);
  expect(raised[0]).toMatchObject({
    type: 'ledger.disk',
    subject: 'disk:database',
    evidence: { volume: 'database', used: 0.75 },
  });
});

it('is critical at once where it fills up between two looks', async () => {
  expect(await looking([0.5, 0.95]).told()).toEqual([['critical', 90, 101]]);
});

it('tells again where it was well in between, and not where it hovers', async () => {
  const hovering = looking([0.76, 0.74, 0.76, 0.69, 0.76]);
  expect(await hovering.told()).toEqual([
    ['warning', 75, 100],
    ['over', 100],
    ['warning', 75, 104],
  ]);
  expect(hovering.raised[1]?.evidence).toEqual({
    condition: 'ledger.disk',
    concerns: 'disk:database',
    since: 100,
  });
  expect(hovering.relieved).toEqual([0.69]);
  expect(await looking([0.91, 0.84, 0.91]).told()).toEqual([
    ['critical', 90, 100],
    ['critical', 90, 102],
  ]);
});
