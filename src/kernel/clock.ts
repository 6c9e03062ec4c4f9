import { isoInstant } from '../lib/instant.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Actor } from './actor.ts';

/** Wall time in whole seconds since the epoch (NumericDate, RFC 7519 §2). */
export interface Clock {
  nowSeconds(): number;
}

export const systemClock: Clock = { nowSeconds: () => Math.floor(Date.now() / 1000) };

/** The UTC day of a time in seconds since the epoch: `2026-11-30`. */
export function dayOf(at: number): string {
  return isoInstant(at).slice(0, 10);
}

/** Whether the time can be believed (I13): asked before anything that depends on it. */
export interface TimeGuard {
  /**
   * `clock_jump` while wall time departs from monotonic time, or lies before the last checkpoint; `clock_ahead` while
   * it lies further ahead of it than the service may have been down.
   */
  requireSteadyTime(): void;
}

/** For what cannot be undone: destruction, retention, erasure by age. */
export interface SettledTime {
  /** Whether time has been believed without a break for as long as the configuration asks, in this run. */
  isSettled(): boolean;
}

/** The decision of people that a doubted clock is right (I13). */
export interface ClockConfirmation {
  /** What is doubted, and what would be believed. `clock_trusted` where nothing is doubted; `clock_disagrees`. */
  describe(time: number): { readonly before: JsonObject; readonly after: JsonObject };
  /** `clock_trusted`, `audit_sink_unavailable`. */
  confirm(given: { readonly time: number; readonly reason: string }, actor: Actor): Promise<JsonObject>;
}
