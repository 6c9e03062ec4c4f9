import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import { recordUnprovenEnd } from '../../../src/restore/unproven-ends.ts';

const NOON = 1_760_000_000;

interface Start {
  readonly isWhole?: boolean;
  readonly committedAt?: number;
  readonly at?: number;
}

/** One trail over any number of starts. */
function service() {
  let told: AuditEvent | undefined;
  const audit = {
    lastAbout: async () => told && { detailsJson: JSON.stringify(told.details) },
    record: async (event: AuditEvent) => {
      told = event;
    },
  };
  return async ({ isWhole = false, committedAt = NOON - 600, at = NOON }: Start) => {
    const store = { mark: { isWhole }, reader: { read: async () => committedAt } };
    const clock = { nowSeconds: () => at };
    const deps = { store, audit, clock, log: { warn: () => {} } };
    await recordUnprovenEnd(deps as unknown as Parameters<typeof recordUnprovenEnd>[0], undefined);
    return (told?.details as { ranges?: unknown } | undefined)?.ranges;
  };
}

describe('an end of the ledger that nobody can prove', () => {
  it('makes an unproven time; one that this host knows makes none', async () => {
    expect(await service()({ isWhole: true })).toBeUndefined();
    expect(await service()({})).toEqual([{ from: NOON - 660, until: NOON }]);
  });

  it('makes no empty time of a group that is dated after the clock', async () => {
    const ranges = await service()({ committedAt: NOON + 3_600 });
    expect(ranges).toEqual([{ from: NOON - 60, until: NOON }]);
  });

  it('makes one time of starts that follow each other, and another of a later one', async () => {
    const start = service();
    await start({});
    expect(await start({ at: NOON + 5 })).toEqual([{ from: NOON - 660, until: NOON + 5 }]);
    expect(await start({ at: NOON + 6_000, committedAt: NOON + 5_000 })).toEqual([
      { from: NOON - 660, until: NOON + 5 },
      { from: NOON + 4_940, until: NOON + 6_000 },
    ]);
  });
});
