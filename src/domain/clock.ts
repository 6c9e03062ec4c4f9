/** Wall time in whole seconds since the epoch (NumericDate, RFC 7519 §2). */
export interface Clock {
  nowSeconds(): number;
}

export const systemClock: Clock = { nowSeconds: () => Math.floor(Date.now() / 1000) };

/** Whether the time can be believed (I13): asked before anything that depends on it. */
export interface TimeGuard {
  /** `clock_jump` while wall time departs from monotonic time, or lies before the last checkpoint. */
  requireSteadyTime(): void;
}
