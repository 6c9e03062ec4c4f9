import type { Clock } from '../../src/kernel/clock.ts';

/** A clock that stands until it is moved. */
export interface MovableClock extends Clock {
  moveTo(seconds: number): void;
}

export function movableClock(start: number): MovableClock {
  let now = start;
  return {
    nowSeconds: () => now,
    moveTo(seconds) {
      now = seconds;
    },
  };
}
