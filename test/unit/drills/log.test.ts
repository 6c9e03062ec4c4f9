import { expect, it } from 'vitest';
import type { DrillStatus } from '../../../src/drills/drill.ts';
import { createDrillWatch } from '../../../src/drills/log.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { raiserInto } from '../../support/raised-events.ts';

it('warns once of each rehearsal that is overdue, and again when the next one is', async () => {
  const raised: SecurityEventReport[] = [];
  let now = 100;
  let standing: DrillStatus = { drill: 'compromise', lastPassedAt: null, since: 10, overdueAt: 100 };
  const look = createDrillWatch({
    drills: { refresh: async () => {}, standings: () => [standing] },
    events: raiserInto(raised),
    clock: { nowSeconds: () => now },
  });
  await look();
  expect(raised).toEqual([]);
  now = 101;
  await look();
  await look();
  expect(raised).toEqual([
    {
      type: 'drill.overdue',
      severity: 'warning',
      dedupKey: '["compromise",10]',
      subject: 'drill:compromise',
      evidence: { drill: 'compromise', since: 10, last_passed_at: null, overdue_at: 100 },
    },
  ]);
  standing = { ...standing, lastPassedAt: 102, since: 102, overdueAt: 192 };
  await look();
  expect(raised).toHaveLength(1);
  now = 193;
  await look();
  expect(raised.map(({ dedupKey }) => dedupKey)).toEqual(['["compromise",10]', '["compromise",102]']);
});
