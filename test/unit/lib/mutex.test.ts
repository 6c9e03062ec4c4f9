import { expect, it } from 'vitest';
import { Mutex } from '../../../src/lib/mutex.ts';

it('runs one task at a time: none overlaps, keeps its order, and goes on after an error', async () => {
  const mutex = new Mutex();
  const steps: string[] = [];
  const run = (name: string, error?: Error) =>
    mutex.runExclusive(async () => {
      steps.push(`${name} begins`);
      await new Promise(setImmediate);
      steps.push(`${name} ends`);
      if (error) throw error;
      return name;
    });
  const failing = new Error('first');
  const outcomes = await Promise.allSettled([run('a', failing), run('b')]);
  expect(outcomes).toEqual([
    { status: 'rejected', reason: failing },
    { status: 'fulfilled', value: 'b' },
  ]);
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});
