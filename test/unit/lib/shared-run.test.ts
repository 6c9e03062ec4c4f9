import { expect, it } from 'vitest';
import { SharedRun } from '../../../src/lib/shared-run.ts';

it('runs once at a time, and once more for all who asked meanwhile', async () => {
  const begun: PromiseWithResolvers<number>[] = [];
  const shared = new SharedRun(() => {
    const run = Promise.withResolvers<number>();
    begun.push(run);
    return run.promise;
  });
  const first = shared.run();
  await Promise.resolve();
  await Promise.resolve();
  const later = [shared.run(), shared.run()];
  expect(begun).toHaveLength(1);
  begun[0]?.resolve(1);
  expect(await first).toBe(1);
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.resolve(2);
  expect(await Promise.all(later)).toEqual([2, 2]);
});

it('goes on after a run that failed, which is told to those who shared it', async () => {
  let count = 0;
  const shared = new SharedRun(async () => {
    count += 1;
    if (count === 1) throw new Error('once');
    return count;
  });
  const both = [shared.run(), shared.run()];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await shared.run()).toBe(2);
});
