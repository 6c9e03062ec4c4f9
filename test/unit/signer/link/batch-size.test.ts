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
