/** `2026-11-23T19:45:10.000Z`, of seconds since the epoch. */
export function isoInstant(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}

/** `2026-11-23T19:45:10Z` (RFC 3339), for messages. */
export function humanInstant(seconds: number): string {
  return isoInstant(seconds).replace('.000Z', 'Z');
}
