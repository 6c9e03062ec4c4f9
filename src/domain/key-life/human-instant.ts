/** RFC 3339 with seconds, for messages. */
export function humanInstant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
