import { type DueStep, dueSteps } from './due-steps.ts';
import type { PlanContext, ScopeKeys } from './plans.ts';

/** How far is looked ahead at least, and up to twice as far: not all scopes in the same second again. */
const AHEAD_SECONDS = 60;

/** Nothing is due from one second to the other. */
interface Quiet {
  readonly since: number;
  readonly until: number;
  readonly renewedSince: number | undefined;
}

/**
 * `dueSteps`, where they are asked for every second: what has become due stays so until the keys change, so a scope for
 * which nothing is due now and nothing in a minute is left alone for that minute. It is looked at as soon as the ring
 * has another object for it.
 */
export class DueAhead {
  readonly #quiet = new WeakMap<ScopeKeys, Quiet>();
  #looks = 0;

  steps(of: ScopeKeys, given: PlanContext): readonly DueStep[] {
    if (isWithin(this.#quiet.get(of), given)) return [];
    const due = dueSteps(of, given);
    if (due.length > 0) return due;
    this.#looks += 1;
    const until = given.now + AHEAD_SECONDS + (this.#looks % AHEAD_SECONDS);
    if (dueSteps(of, { ...given, now: until }).length > 0) return due;
    this.#quiet.set(of, { since: given.now, until, renewedSince: given.renewedSince });
    return due;
  }
}

function isWithin(quiet: Quiet | undefined, { now, renewedSince }: PlanContext): boolean {
  if (!quiet || quiet.renewedSince !== renewedSince) return false;
  return quiet.since <= now && now <= quiet.until;
}
