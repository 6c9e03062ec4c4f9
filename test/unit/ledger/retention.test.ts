import { describe, expect, it } from 'vitest';
import type { ArchiveDue, ArchivedSegment } from '../../../src/kernel/ledger-search.ts';
import type { StoredKey } from '../../../src/kernel/registry.ts';
import { retentionStep } from '../../../src/ledger/retention.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { keySample, scopeSample } from '../../support/registry-samples.ts';

const DAY = 86_400;
const NOW = 1_800_000_000;
const OUT_OF_USE = NOW - 200 * DAY;

/** A key whose last token could be good until that time. */
const keyUntil = (n: number, verifyUntil: number): StoredKey => {
  const key = keySample(scopeSample('payments'), n);
  const signUntil = verifyUntil - key.binding.maxTtlSeconds - 300;
  return { ...key, signUntil, binding: { ...key.binding, signUntil } };
};
const old = keyUntil(1, OUT_OF_USE - 1);
const recent = keyUntil(2, OUT_OF_USE);

function setUp({ due = 0, left = [] as number[], segments = [] as ArchivedSegment[] } = {}) {
  const asked: ArchiveDue[] = [];
  const removed: ArchivedSegment[] = [];
  const drops = [...left];
  const stopping = new AbortController();
  const keys = [old, recent];
  let settled = true;
  const { state: leading, leadership } = switchedLeadership(true);
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
        keys: async () => keys,
        clock: { nowSeconds: () => NOW },
        timeGuard: {
          isSettled: () => settled,
        },
        leadership,
        onlineDays: 30,
        retentionDays: 200,
      },
      stopping.signal,
    );
  return { step, keys, asked, removed, drops, stopping, leading, unsettle: () => (settled = false) };
}

describe('a step', () => {
  it('archives what expired before the days online, and leaves a day for the longest life of a token', async () => {
    const { step, asked } = setUp({ due: 7 });
    expect(await step()).toEqual({ archived: 7, dropped: 0, segmentsRemoved: 0 });
    expect(asked).toEqual([{ committedBefore: NOW - 31 * DAY, expiredBefore: NOW - 30 * DAY }]);
  });

  it('stops where the process leads no more: what is left is for who does', async () => {
    const { step, drops, removed, leading } = setUp({
      left: [200, 200, 6],
      segments: [{ kids: [old.kid], lastExp: OUT_OF_USE - 1 }],
    });
    leading.isLeading = false;
    expect(await step()).toEqual({ archived: 0, dropped: 0, segmentsRemoved: 0 });
    expect([drops, removed]).toEqual([[200, 200, 6], []]);
    leading.isLeading = true;
    expect(await step()).toEqual({ archived: 0, dropped: 406, segmentsRemoved: 1 });
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
    const segments = [[old.kid], [old.kid, recent.kid], [recent.kid], ['unknown'], [old.kid, 'unknown'], []];
    const lastExp = OUT_OF_USE - 1;
    const { step, removed } = setUp({ segments: segments.map((kids) => ({ kids, lastExp })) });
    expect(await step()).toEqual({ archived: 0, dropped: 0, segmentsRemoved: 1 });
    expect(removed).toEqual([{ kids: [old.kid], lastExp }]);
  });

  it('keeps a segment with a token that expired later than that', async () => {
    const { step } = setUp({ segments: [{ kids: [old.kid], lastExp: OUT_OF_USE }] });
    expect(await step()).toMatchObject({ segmentsRemoved: 0 });
  });

  it('keeps a segment of a key whose window the registry narrowed and the binding record did not', async () => {
    const { step, keys } = setUp({ segments: [{ kids: [recent.kid], lastExp: OUT_OF_USE - 1 }] });
    keys.splice(1, 1, { ...recent, signUntil: 0 });
    expect(await step()).toMatchObject({ segmentsRemoved: 0 });
  });

  it('does nothing before the time has settled', async () => {
    const { step, asked, drops, unsettle } = setUp({
      left: [1],
      segments: [{ kids: [old.kid], lastExp: OUT_OF_USE - 1 }],
    });
    unsettle();
    expect(await step()).toEqual({ archived: 0, dropped: 0, segmentsRemoved: 0 });
    expect([asked, drops]).toEqual([[], [1]]);
  });
});
