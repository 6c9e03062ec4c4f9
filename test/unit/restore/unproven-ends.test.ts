import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import { recordUnprovenEnd } from '../../../src/restore/unproven-ends.ts';

const NOON = 1_760_000_000;
const END = { sequence: 7, hash: new Uint8Array(32), at: NOON };
const FILE = { file: '/nowhere/keyward.db' };
const SERVER = { url_file: '/nowhere/url', durability: 'single', copies: 1 } as const;

interface Start {
  readonly isWhole?: boolean;
  readonly database?: typeof FILE | typeof SERVER;
  readonly lastGroup?: { readonly sequence: number; readonly committed_at: number };
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
  return async ({ isWhole = false, database = FILE, lastGroup, at = NOON }: Start) => {
    const reader = { read: async () => lastGroup ?? { sequence: 7, committed_at: NOON - 600 } };
    const store = { mark: { found: END, isWhole }, reader };
    const clock = { nowSeconds: () => at };
    const deps = { config: { database }, store, audit, clock, log: { warn: () => {} } };
    await recordUnprovenEnd(deps as unknown as Parameters<typeof recordUnprovenEnd>[0], undefined);
    return (told?.details as { ranges?: unknown } | undefined)?.ranges;
  };
}

describe('an end of the ledger that nobody can prove', () => {
  it('makes an unproven time; one that this host knows makes none', async () => {
    expect(await service()({ isWhole: true })).toBeUndefined();
    expect(await service()({})).toEqual([{ from: NOON - 660, until: NOON }]);
  });

  it('is that of a file with more groups than one process can have left unacknowledged', async () => {
    const one = { sequence: 8, committed_at: NOON - 600 };
    const two = { sequence: 9, committed_at: NOON - 600 };
    expect(await service()({ isWhole: true, lastGroup: one })).toBeUndefined();
    expect(await service()({ isWhole: true, lastGroup: two })).toHaveLength(1);
    expect(await service()({ isWhole: true, lastGroup: two, database: SERVER })).toBeUndefined();
  });

  it('makes no empty time of a group that is dated after the clock', async () => {
    const ranges = await service()({ lastGroup: { sequence: 7, committed_at: NOON + 3_600 } });
    expect(ranges).toEqual([{ from: NOON - 60, until: NOON }]);
  });

  it('makes one time of starts that follow each other, and another of a later one', async () => {
    const start = service();
    await start({});
    expect(await start({ at: NOON + 5 })).toEqual([{ from: NOON - 660, until: NOON + 5 }]);
    const lastGroup = { sequence: 9, committed_at: NOON + 5_000 };
    expect(await start({ at: NOON + 6_000, lastGroup })).toEqual([
      { from: NOON - 660, until: NOON + 5 },
      { from: NOON + 4_940, until: NOON + 6_000 },
    ]);
  });
});
