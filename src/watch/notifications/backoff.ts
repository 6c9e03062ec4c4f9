const FIRST_SECONDS = 5;
const FACTOR = 4;
export const MOST_SECONDS = 6 * 3_600;

/** Seconds until the next attempt, after so many that failed: 5, 20, 80 … up to six hours, less up to half. */
export function backoffSeconds(failed: number, random: () => number): number {
  const whole = Math.min(MOST_SECONDS, FIRST_SECONDS * FACTOR ** (failed - 1));
  return Math.ceil(whole * (1 - random() / 2));
}
