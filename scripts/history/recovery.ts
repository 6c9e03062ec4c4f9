import type { Fault, Operation } from './record.ts';

/** Milliseconds from the end of a fault until each front has released a token asked for since; undefined where one has not. */
export function recoveryOf(fault: Fault, history: readonly Operation[]): number | undefined {
  const times = fault.fronts.map((front) => recoveryAt(front, fault, history));
  return times.includes(undefined) ? undefined : Math.max(...times.map(Number));
}

/** The same of one front. */
export function recoveryAt(front: string, fault: Fault, history: readonly Operation[]): number | undefined {
  const first = history.find(
    (each) =>
      each.what === 'issue' && each.outcome === 'ok' && each.front === front && each.asked >= fault.answered,
  );
  return first && first.answered - fault.answered;
}

/** Milliseconds of the longest time without a token that was asked for and came, from the beginning of a fault on. */
export function outageOf(fault: Fault, history: readonly Operation[]): number {
  let last = fault.asked;
  let longest = 0;
  for (const each of history) {
    if (each.what !== 'issue' || each.outcome !== 'ok' || each.answered < fault.asked) continue;
    longest = Math.max(longest, each.answered - last);
    last = each.answered;
  }
  return longest;
}
