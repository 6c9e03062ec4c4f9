import { expect, it } from 'vitest';
import { BatchSize } from '../../../../src/signer/link/messages.ts';

it('doubles while full batches are answered in time, up to a full message', () => {
  const batch = new BatchSize(250);
  const limits = Array.from({ length: 6 }, () => {
    batch.answered(batch.limit, 10);
    return batch.limit;
  });
  expect(limits).toEqual([2, 4, 8, 16, 16, 16]);
});

it('stays where it is while batches are not full', () => {
  const batch = new BatchSize(250);
  batch.answered(1, 10);
  batch.answered(1, 10);
  expect(batch.limit).toBe(2);
});

it('shrinks to what fits into the target when a batch took longer, never below one', () => {
  const batch = new BatchSize(250);
  for (let n = 0; n < 8; n += 1) batch.answered(batch.limit, 10);
  batch.answered(16, 1_000);
  expect(batch.limit).toBe(4);
  batch.answered(1, 900);
  expect(batch.limit).toBe(1);
});

it('of a quick signer, a message takes all that it may', () => {
  const batch = new BatchSize(250);
  for (let n = 0; n < 4; n += 1) batch.answered(batch.limit, 1);
  batch.answered(16, 3);
  expect(batch.share(16, 4)).toBe(16);
});

it('of a slow one, messages share what waits', () => {
  const batch = new BatchSize(250);
  for (let n = 0; n < 4; n += 1) batch.answered(batch.limit, 20);
  expect(batch.limit).toBe(16);
  expect([batch.share(16, 4), batch.share(12, 3), batch.share(5, 4), batch.share(100, 4)]).toEqual([
    4, 4, 2, 16,
  ]);
  expect([batch.share(5, 1), batch.share(5, 0)]).toEqual([5, 5]);
});
