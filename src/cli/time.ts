import { humanSpan } from '../lib/human-span.ts';

/** `2026-11-23 19:45:10Z`, of seconds since the epoch. */
export function utc(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** `2026-11-23 19:45:10Z (3 minutes ago)`; both in seconds since the epoch. */
export function humanTime(seconds: number, nowSeconds: number): string {
  return `${utc(seconds)} (${relative(seconds - nowSeconds)})`;
}

function relative(difference: number): string {
  if (difference === 0) return 'now';
  return difference < 0 ? `${humanSpan(-difference)} ago` : `in ${humanSpan(difference)}`;
}
