import type { Surroundings } from '../../src/client/time.ts';

/** Time that passes when the test says so. */
export interface HeldTime extends Surroundings {
  pass(seconds: number): void;
}

export function heldTime(start: number): HeldTime {
  let now = start;
  return {
    clock: { nowSeconds: () => Math.floor(now) },
    monotonicMs: () => (now - start) * 1_000,
    random: () => 0.5,
    pass(seconds) {
      now += seconds;
    },
  };
}
