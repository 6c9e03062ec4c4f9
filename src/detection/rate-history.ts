import { z } from 'zod';
import { HOUR_SECONDS, WEEK_HOURS } from '../lib/instant.ts';

/** Weeks that are remembered of each hour of the week. */
const WEEKS = 4;
const LEARNING_HOURS = 24;
/** So many times what is to be expected is unusual: deploys and Monday mornings stay below it. */
const FACTOR = 4;
/** From the median absolute deviation to the standard deviation of a normal distribution. */
const MAD_TO_SIGMA = 1.4826;
const SIGMAS = 3;

const whole = z.int().min(0);

export const rateHistory = z.strictObject({
  /** The first hour of all, as all hours here counted from the epoch. */
  since: whole,
  hour: whole,
  minute: whole,
  /** In the running minute. */
  count: whole,
  /** In the busiest minute of the running hour. */
  peak: whole,
  /** By hour of the week, the last such hours in which there was anything, each with its busiest minute. */
  peaks: z.record(z.string().regex(/^\d{1,3}$/), z.array(z.tuple([whole, whole])).max(WEEKS)),
});

/** How often something happens, in its busiest minutes: what a caller has done before is the measure of it. */
export type RateHistory = Readonly<z.infer<typeof rateHistory>>;

interface Unusual {
  /** In this minute so far. */
  readonly count: number;
  /** In the busiest minute of an hour like this one. */
  readonly expected: number;
  /** Whether the same hour of earlier weeks is known; else it is the busiest of all that is. */
  readonly settled: boolean;
}

interface Habits {
  /** Fewer in a minute say nothing. */
  readonly floor: number;
  /** Whether a first day without comparison is given to learn; else nought is expected of it. */
  readonly learns: boolean;
}

interface Observed {
  readonly history: RateHistory;
  readonly unusual: Unusual | undefined;
}

/**
 * Adds so many at that instant, and holds the running minute against what was before. Instants do not go
 * back; a history that a wrong clock wrote far ahead is begun anew.
 */
export function observe(
  before: RateHistory | undefined,
  at: number,
  count: number,
  habits: Habits,
): Observed {
  const known = before && before.hour <= Math.floor(at / HOUR_SECONDS) + 1 ? before : undefined;
  const history = counted(known ?? begin(at), at, count);
  const { expected, settled } = expectation(history, habits);
  if (history.count <= Math.max(FACTOR * expected, habits.floor)) return { history, unusual: undefined };
  // What is unusual must not become the measure of what is usual.
  const peak = Math.max(before?.hour === history.hour ? before.peak : 0, Math.ceil(Math.max(expected, 1)));
  return {
    history: { ...history, peak },
    unusual: { count: history.count, expected: Math.round(expected), settled },
  };
}

function begin(at: number): RateHistory {
  const hour = Math.floor(at / HOUR_SECONDS);
  return { since: hour, hour, minute: Math.floor(at / 60), count: 0, peak: 0, peaks: {} };
}

function counted(history: RateHistory, at: number, more: number): RateHistory {
  const minute = Math.max(history.minute, Math.floor(at / 60));
  const hour = Math.floor((minute * 60) / HOUR_SECONDS);
  const count = more + (minute === history.minute ? history.count : 0);
  if (hour === history.hour) return { ...history, minute, count, peak: Math.max(history.peak, count) };
  const slot = slotOf(history.hour);
  const ended: [number, number] = [history.hour, history.peak];
  const peaks = [...(history.peaks[slot] ?? []), ended].slice(-WEEKS);
  return { ...history, hour, minute, count, peak: count, peaks: { ...history.peaks, [slot]: peaks } };
}

/** Never by what was today: whoever begins slowly would make it the measure of what he goes on to do. */
function expectation(history: RateHistory, { learns }: Habits): { expected: number; settled: boolean } {
  const age = history.hour - history.since;
  const weeks = Math.min(WEEKS, Math.floor(age / WEEK_HOURS));
  if (weeks > 0) {
    const like = Array.from({ length: weeks }, (_, week) => likeNow(history, (week + 1) * WEEK_HOURS));
    return { expected: median(like) + SIGMAS * MAD_TO_SIGMA * deviation(like), settled: true };
  }
  if (age < LEARNING_HOURS && learns) return { expected: Number.POSITIVE_INFINITY, settled: false };
  const known = Object.values(history.peaks).flat();
  const earlier = known.filter(([hour]) => hour <= history.hour - LEARNING_HOURS + 1);
  return { expected: Math.max(0, ...earlier.map(([, peak]) => peak)), settled: false };
}

/** The busiest minute of the same hour so long ago, or of the hours beside it, since clocks are put forward and back. */
function likeNow({ hour, peaks }: RateHistory, hoursAgo: number): number {
  const near = [-1, 0, 1].map((by) => {
    const query = hour - hoursAgo + by;
    return peaks[slotOf(query)]?.find(([of]) => of === query)?.[1] ?? 0;
  });
  return Math.max(...near);
}

function slotOf(hour: number): string {
  return String(((hour % WEEK_HOURS) + WEEK_HOURS) % WEEK_HOURS);
}

function deviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}
