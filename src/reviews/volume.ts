import type { IssuedHour } from '../kernel/ledger-search.ts';
import { HOUR_SECONDS, WEEK_HOURS } from '../lib/instant.ts';
import { compareText } from '../lib/text.ts';
import type { OddHour, VolumeChange } from './review.ts';

/** Less of a difference, by factor and by tokens, says nothing. */
const FACTOR = 1.5;
const LEAST = 10;

export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * What each client was issued for each scope, held against as many hours before: the most surprising first. By whole
 * hours. Not all is known of what lies before `since`, so nothing is compared with it.
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
  return compareText(`${a.client} ${a.scope}`, `${b.client} ${b.scope}`);
}

/** How far back its habits are read. */
export const HABIT_SECONDS = 4 * WEEK_HOURS * HOUR_SECONDS;
/** Whoever was first seen later has no habits yet. */
const KNOWN_HOURS = 2 * WEEK_HOURS;

/**
 * Hours in which a client was issued tokens for a scope, though in the weeks before it had none in that hour of the
 * week (UTC), the one before or the one after: those with the most tokens first.
 */
export function oddHours(hours: readonly IssuedHour[], { from, to }: Span): readonly OddHour[] {
  const [first, last] = [Math.floor(from / HOUR_SECONDS), Math.floor(to / HOUR_SECONDS)];
  const found: OddHour[] = [];
  for (const of of Map.groupBy(hours, ({ client, scope }) => JSON.stringify([client, scope])).values()) {
    const earlier = of.filter(({ hour }) => hour < first);
    const known = Math.min(...earlier.map(({ hour }) => hour));
    if (first - known < KNOWN_HOURS) continue;
    const usual = new Set(earlier.flatMap(({ hour }) => [hour - 1, hour, hour + 1].map(slotOf)));
    const odd = of.filter(({ hour }) => hour >= first && hour <= last && !usual.has(slotOf(hour)));
    for (const { client, scope, hour, tokens } of odd) {
      found.push({ client, scope, at: hour * HOUR_SECONDS, tokens });
    }
  }
  return found.sort((a, b) => b.tokens - a.tokens || a.at - b.at || compareText(a.client, b.client));
}

function slotOf(hour: number): number {
  return hour % WEEK_HOURS;
}
