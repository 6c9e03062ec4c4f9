import { performance } from 'node:perf_hooks';
import { type Clock, systemClock } from '../kernel/clock.ts';

/** Time and chance, so that tests can hold both still. */
export interface Surroundings {
  readonly clock: Clock;
  /** Milliseconds that no change of the wall clock touches. */
  readonly monotonicMs: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

export const SYSTEM: Surroundings = {
  clock: systemClock,
  monotonicMs: () => performance.now(),
  random: Math.random,
};

/** Milliseconds since now. Either clock may have stood still, such as while the machine slept: the later counts. */
export function startWatch({ clock, monotonicMs }: Surroundings): () => number {
  const [wall, monotonic] = [clock.nowSeconds(), monotonicMs()];
  return () => Math.max((clock.nowSeconds() - wall) * 1_000, monotonicMs() - monotonic);
}

/** Full jitter: somewhere below a bound that doubles with each failure in a row. */
export function backoffMs(
  failures: number,
  { firstMs, maxMs }: { firstMs: number; maxMs: number },
  random: number,
) {
  return random * Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
}

/** Settles after that time or once it is aborted; keeps no process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
