export const HOUR_SECONDS = 3_600;
export const WEEK_HOURS = 168;

/** The start of the hour of that instant; seconds since the epoch. */
export function hourOf(at: number): number {
  return at - (at % HOUR_SECONDS);
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `2 hours`: rounded, in the largest unit that fits. */
export function humanSpan(seconds: number): string {
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? (['second', 1] as const);
  const count = Math.round(seconds / length);
  return plural(count, unit);
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
