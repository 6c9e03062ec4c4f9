import type { IssuedHour } from '../domain/issued-hours.ts';
import { HOUR_SECONDS, WEEK_HOURS } from '../lib/hours.ts';
import type { OddHour } from './review.ts';
import type { Span } from './volume.ts';

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
  return found.sort((a, b) => b.tokens - a.tokens || a.at - b.at || (a.client < b.client ? -1 : 1));
}

function slotOf(hour: number): number {
  return hour % WEEK_HOURS;
}
