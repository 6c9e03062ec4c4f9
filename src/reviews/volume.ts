import type { IssuedHour } from '../domain/issued-hours.ts';
import { HOUR_SECONDS } from '../lib/hours.ts';
import type { VolumeChange } from './review.ts';

/** Less of a difference, by factor and by tokens, says nothing. */
const FACTOR = 1.5;
const LEAST = 10;

export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * What each client was issued for each scope, held against as many hours before: the most surprising first. By whole
 * hours; of what lies before
 * `since` not all is known, so that nothing can be compared with it.
 */
export function volumeChanges(
  hours: readonly IssuedHour[],
  { from, to }: Span,
  since: number,
): readonly VolumeChange[] {
  const [first, last] = [Math.floor(from / HOUR_SECONDS), Math.floor(to / HOUR_SECONDS)];
  const length = last - first + 1;
  const comparable = Math.floor(since / HOUR_SECONDS) <= first - length;
  const sums = new Map<string, { client: string; scope: string; tokens: number; before: number }>();
  for (const { client, scope, hour, tokens } of hours) {
    if (hour > last || hour < first - length) continue;
    const key = JSON.stringify([client, scope]);
    const sum = sums.get(key) ?? { client, scope, tokens: 0, before: 0 };
    sum[hour >= first ? 'tokens' : 'before'] += tokens;
    sums.set(key, sum);
  }
  const all = [...sums.values()].map((sum) => (comparable ? sum : { ...sum, before: null }));
  return all.filter(hasChanged).sort((a, b) => surprise(b) - surprise(a) || byName(a, b));
}

function hasChanged({ tokens, before }: VolumeChange): boolean {
  if (before === null) return tokens > 0;
  const [less, more] = [Math.min(tokens, before), Math.max(tokens, before)];
  return more - less >= LEAST && more >= FACTOR * less;
}

/** In standard deviations, if tokens came by chance; without comparison, by their number. */
function surprise({ tokens, before }: VolumeChange): number {
  return before === null ? tokens : Math.abs(tokens - before) / Math.sqrt(Math.max(before, 1));
}

function byName(a: VolumeChange, b: VolumeChange): number {
  return `${a.client} ${a.scope}` < `${b.client} ${b.scope}` ? -1 : 1;
}
