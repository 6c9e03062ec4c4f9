import { expect, it } from 'vitest';
import { moveAMonth } from '../../scripts/move-a-month/run.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';

it.skipIf(NO_POSTGRES)(
  `moves a month to ${POSTGRES} and back; verifiers notice a reconnect`,
  async () => {
    const life = { records: 10_000, days: 2, verifiers: 2, copies: 1, seed: 1 };
    const played = await moveAMonth(life, () => {});
    expect([played.violations, played.findings]).toEqual([[], []]);
    expect(played.verifications).toBeGreaterThan(0);
    expect(played.steps.map(({ rows, copied }) => rows >= life.records && copied > 0)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    // What the first copy brought was not copied again.
    for (const { rows, copied } of [played.steps[1], played.steps[3]].filter((step) => step !== undefined))
      expect(copied).toBeLessThan(rows / 2);
  },
  900_000,
);
