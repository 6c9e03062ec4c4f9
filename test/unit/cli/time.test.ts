import { describe, expect, it } from 'vitest';
import { humanTime } from '../../../src/cli/text.ts';
import { humanSpan } from '../../../src/lib/instant.ts';
import { NOW } from '../../support/command-line.ts';

describe('times for people', () => {
  it.each([
    [0, '2026-11-23 20:00:00Z (now)'],
    [1, '2026-11-23 20:00:01Z (in 1 second)'],
    [-59, '2026-11-23 19:59:01Z (59 seconds ago)'],
    [-60, '2026-11-23 19:59:00Z (1 minute ago)'],
    [7_199, '2026-11-23 21:59:59Z (in 2 hours)'],
    [14 * 86_400, '2026-12-07 20:00:00Z (in 14 days)'],
  ])('%d seconds from now', (difference, expected) => {
    expect(humanTime(NOW + difference, NOW)).toBe(expected);
  });

  it('is a span in its largest unit', () => {
    expect([0, 1, 90, 3_600, 172_800].map(humanSpan)).toEqual([
      '0 seconds',
      '1 second',
      '2 minutes',
      '1 hour',
      '2 days',
    ]);
  });
});
