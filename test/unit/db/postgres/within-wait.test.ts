import { expect, it, vi } from 'vitest';
import { waitFromNow } from '../../../../src/db/postgres/within-wait.ts';
import { UrgentWaiting } from '../../../../src/db/urgent-waiting.ts';

it('a wait for a standby is shorter while something urgent waits, also where that came later', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  const waiting = new UrgentWaiting();
  const ofThread = new UrgentWaiting(waiting.memory);
  const isOver = waitFromNow(() => ofThread.any);
  now.mockReturnValue(2_999);
  expect(isOver()).toBe(false);
  await waiting.during(async () => {
    expect(isOver()).toBe(true);
    expect(waitFromNow(() => ofThread.any)()).toBe(false);
  });
  expect(isOver()).toBe(false);
  await expect(waiting.during(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  expect(isOver()).toBe(false);
  now.mockReturnValue(3_000);
  expect(isOver()).toBe(true);
});
