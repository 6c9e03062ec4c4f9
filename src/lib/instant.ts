/** `2026-11-23T19:45:10.000Z`, of seconds since the epoch. */
export function isoInstant(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}

/** `2026-11-23T19:45:10Z` (RFC 3339), for messages. */
export function humanInstant(seconds: number): string {
  return isoInstant(seconds).replace('.000Z', 'Z');
}

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
