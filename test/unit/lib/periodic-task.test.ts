import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startPeriodicTask } from '../../../src/lib/periodic-task.ts';
import { recordedLog } from '../../support/recorded-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Each tick takes `tickMs`, and fails where the next outcome is an error. */
function ticking({
  outcomes = [],
  tickMs = 0,
  ...times
}: {
  outcomes?: (Error | undefined)[];
  tickMs?: number;
  firstMs?: number;
  retryMs?: number;
}) {
  const { log, lines } = recordedLog();
  const begun: number[] = [];
  const start = performance.now();
  const task = startPeriodicTask({
    async tick() {
      begun.push(performance.now() - start);
      if (tickMs > 0) await new Promise((resolve) => setTimeout(resolve, tickMs));
      const outcome = outcomes.shift();
      if (outcome) throw outcome;
    },
    everyMs: 1_000,
    log,
    failure: 'not done',
    recovery: 'done again',
    ...times,
  });
  return { task, begun, messages: () => lines.map(({ level, msg }) => [level, msg]) };
}

describe('a periodic task', () => {
  it('ticks at the interval, the first time where it says', async () => {
    const [usual, early] = [ticking({}), ticking({ firstMs: 10 })];
    await vi.advanceTimersByTimeAsync(2_500);
    expect([usual.begun, early.begun]).toEqual([
      [1_000, 2_000],
      [10, 1_010, 2_010],
    ]);
  });

  it('lets no tick overlap: the interval begins where one ends', async () => {
    const { begun } = ticking({ tickMs: 1_500 });
    await vi.advanceTimersByTimeAsync(6_000);
    expect(begun).toEqual([1_000, 3_500, 6_000]);
  });

  it('logs the first failure in a row and the recovery, and waits as long as it says after a failure', async () => {
    const away = new Error('away');
    const { begun, messages } = ticking({ outcomes: [away, away, undefined, away], retryMs: 300 });
    await vi.advanceTimersByTimeAsync(2_900);
    expect(begun).toEqual([1_000, 1_300, 1_600, 2_600, 2_900]);
    expect(messages()).toEqual([
      [50, 'not done'],
      [30, 'done again'],
      [50, 'not done'],
      [30, 'done again'],
    ]);
  });

  it('is brought forward, and never put off', async () => {
    const { task, begun } = ticking({});
    task.soon(100);
    task.soon(500);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(begun).toEqual([100, 1_100]);
  });

  it('ticks again where it is asked for during a tick', async () => {
    const { task, begun } = ticking({ tickMs: 200 });
    await vi.advanceTimersByTimeAsync(1_100);
    task.soon(50);
    await vi.advanceTimersByTimeAsync(500);
    expect(begun).toEqual([1_000, 1_250]);
  });

  it('asked for by a tick before it first waits, is no second one beside it', async () => {
    const { log } = recordedLog();
    let [under, most, ticks] = [0, 0, 0];
    const task = startPeriodicTask({
      async tick() {
        ticks += 1;
        if (ticks < 4) task.soon(0);
        under += 1;
        most = Math.max(most, under);
        await new Promise((resolve) => setTimeout(resolve, 100));
        under -= 1;
      },
      everyMs: 1_000,
      log,
      failure: 'not done',
    });
    await vi.advanceTimersByTimeAsync(1_450);
    expect([ticks, most]).toEqual([4, 1]);
    await task.stop();
  });

  it('stops once the tick under way is over, and begins no other', async () => {
    const { task, begun } = ticking({ tickMs: 500 });
    await vi.advanceTimersByTimeAsync(1_100);
    let stopped = false;
    task.soon(0);
    const stopping = task.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(300);
    expect(stopped).toBe(false);
    await vi.advanceTimersByTimeAsync(5_000);
    await stopping;
    task.soon(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(begun).toEqual([1_000]);
  });
});
