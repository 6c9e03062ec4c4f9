export const HOUR_SECONDS = 3_600;
export const WEEK_HOURS = 168;

/** The start of the hour of that instant; seconds since the epoch. */
export function hourOf(at: number): number {
  return at - (at % HOUR_SECONDS);
}
