import { describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/domain/errors.ts';
import type { ArchiveDue, ArchivedSegment } from '../../../src/domain/ledger-archives.ts';
import type { StoredKey } from '../../../src/domain/registry.ts';
import { retentionStep } from '../../../src/ledger/retention.ts';
import { keySample, scopeSample } from '../../support/registry-samples.ts';

const DAY = 86_400;
const NOW = 1_800_000_000;
const OUT_OF_USE = NOW - 200 * DAY;

/** A key whose last token could be good until that time. */
const keyUntil = (n: number, verifyUntil: number): StoredKey => {
  const key = keySample(scopeSample('payments'), n);
  return { ...key, signUntil: verifyUntil - key.binding.maxTtlSeconds - 300 };
};
const old = keyUntil(1, OUT_OF_USE - 1);
const recent = keyUntil(2, OUT_OF_USE);

function setUp({ due = 0, left = [] as number[], segments = [] as ArchivedSegment[] } = {}) {
  const asked: ArchiveDue[] = [];
  const removed: ArchivedSegment[] = [];
  const drops = [...left];
  const stopping = new AbortController();
  let steady = true;
  const step = () =>
    retentionStep(
      {
        archives: {
          seal: async (times) => {
            asked.push(times);
            return due;
          },
          drop: async () => drops.shift() ?? 0,
          remove: async (fits) => removed.push(...segments.filter(fits)),
        },
        keys: async () => [old, recent],
        clock: { nowSeconds: () => NOW },
        timeGuard: {
          requireSteadyTime() {
            if (!steady) throw new KeywardError('clock_jump', 'not now');
          },
        },
        onlineDays: 30,
        retentionDays: 200,
      },
      stopping.signal,
    );
  return { step, asked, removed, drops, stopping, jump: () => (steady = false) };
}

describe('a step', () => {
  it('archives what expired before the days online, and leaves a day for the longest life of a token', async () => {
    const { step, asked } = setUp({ due: 7 });
    expect(await step()).toEqual({ archived: 7, dropped: 0, segmentsRemoved: 0 });
    expect(asked).toEqual([{ committedBefore: NOW - 31 * DAY, expiredBefore: NOW - 30 * DAY }]);
  });

  it('deletes what is sealed, step by step to its end', async () => {
    const { step } = setUp({ left: [200, 200, 6] });
    expect(await step()).toEqual({ archived: 0, dropped: 406, segmentsRemoved: 0 });
  });

  it('stops deleting where the service stops', async () => {
    const { step, stopping, drops } = setUp({ left: [200, 200] });
    stopping.abort();
    expect(await step()).toMatchObject({ dropped: 0 });
    expect(drops).toEqual([200, 200]);
  });

  it('removes the segments whose every key has been out of use for so long', async () => {
    const segments = [[old.kid], [old.kid, recent.kid], [recent.kid], ['unknown'], [old.kid, 'unknown']];
    const { step, removed } = setUp({ segments: segments.map((kids) => ({ kids })) });
    expect(await step()).toEqual({ archived: 0, dropped: 0, segmentsRemoved: 1 });
    expect(removed).toEqual([{ kids: [old.kid] }]);
  });

  it('does nothing while the time cannot be believed', async () => {
    const { step, asked, drops, jump } = setUp({ left: [1] });
    jump();
    await expect(step()).rejects.toMatchObject({ code: 'clock_jump' });
    expect([asked, drops]).toEqual([[], [1]]);
  });
});
