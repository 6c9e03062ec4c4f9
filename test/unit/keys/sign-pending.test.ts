import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { signPending } from '../../../src/keys/open-registry.ts';
import { recordedLog } from '../../support/recorded-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('tries each second, says once that rows wait, and says when they are signed', async () => {
  const { log, lines } = recordedLog();
  const away = new KeywardError('hsm_unavailable', 'The HSM is away.');
  const outcomes: (number | Error)[] = [0, away, away, 3, 0];
  const store = {
    signPending: vi.fn(async () => {
      const outcome = outcomes.shift() ?? 0;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    }),
  };
  const task = signPending(store, log);
  await vi.advanceTimersByTimeAsync(5_000);
  await task.stop();
  expect(store.signPending).toHaveBeenCalledTimes(5);
  expect(lines.map(({ msg }) => msg)).toEqual([
    'registry rows wait for their signature, or for a standby; it is tried again',
    'registry rows signed that had been changed without the HSM',
  ]);
});
