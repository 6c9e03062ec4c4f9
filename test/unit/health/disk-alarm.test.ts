import { expect, it } from 'vitest';
import { createDiskAlarm } from '../../../src/health/disk.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';

function looking(shares: readonly number[]) {
  const raised: SecurityEventReport[] = [];
  let now = 100;
  let used = 0;
  let seen = 0;
  const relieved: number[] = [];
  let failures = 0;
  const look = createDiskAlarm({
    disks: {
      used: () => ({ database: seen }),
      async look() {
        seen = used;
      },
    },
    events: {
      async raise(report) {
        if (failures-- > 0) throw new Error('no room');
        return raised.push(report) > 0;
      },
    },
    clock: { nowSeconds: () => now },
    onRelief: (_, share) => relieved.push(share),
  });
  const told = async () => {
    for (const share of shares) {
      used = share;
      await look();
      now += 1;
    }
    return raised.map(({ severity, evidence: { percent, since } }) => [severity, percent, since]);
  };
  const fail = (times: number) => {
    failures = times;
  };
  return { told, raised, relieved, look, use: (share: number) => (used = share), fail };
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

it('tells what a full disk could not take once there is room again', async () => {
  const { look, use, raised, fail } = looking([]);
  fail(2);
  use(0.95);
  await expect(look()).rejects.toThrow('no room');
  await expect(look()).rejects.toThrow('no room');
  use(0.5);
  await look();
  await look();
  expect(raised).toMatchObject([{ severity: 'critical', evidence: { used: 0.95 } }]);
});

it('tells again where it was well in between, and not where it hovers', async () => {
  const hovering = looking([0.76, 0.74, 0.76, 0.69, 0.76]);
  expect(await hovering.told()).toEqual([
    ['warning', 75, 100],
    ['warning', 75, 104],
  ]);
  expect(hovering.relieved).toEqual([0.69]);
  expect(await looking([0.91, 0.84, 0.91]).told()).toEqual([
    ['critical', 90, 100],
    ['critical', 90, 102],
  ]);
});
