import { expect, it } from 'vitest';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { createReviewWatch } from '../../../src/reviews/service.ts';
import { raiserInto } from '../../support/raised-events.ts';

it('warns once where nobody has looked for too long, and again when the next review is overdue', async () => {
  const raised: SecurityEventReport[] = [];
  let now = 107;
  let standing = { coveredUntil: 100, overdueAt: 107, lastSignedOffAt: null as number | null };
  const look = createReviewWatch({
    reviews: { refresh: async () => {}, standing: () => standing },
    events: raiserInto(raised),
    clock: { nowSeconds: () => now },
  });
  await look();
  expect(raised).toEqual([]);
  now = 108;
  await look();
  await look();
  expect(raised).toEqual([
    {
      type: 'review.overdue',
      severity: 'warning',
      dedupKey: '[100]',
      subject: 'reviews',
      evidence: { since: 100, last_signed_off_at: null, overdue_at: 107 },
    },
  ]);
  standing = { coveredUntil: 108, overdueAt: 115, lastSignedOffAt: 109 };
  await look();
  expect(raised).toHaveLength(1);
  now = 116;
  await look();
  expect(raised.map(({ dedupKey }) => dedupKey)).toEqual(['[100]', '[108]']);
});
