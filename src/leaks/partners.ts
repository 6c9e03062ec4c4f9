import { hash } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import { dropOldest } from '../lib/recent-set.ts';

/** Of each string of a report, in order, whether it was given out here. */
export type ReportAnswer = readonly boolean[];

interface Bounds {
  /** New reports of one partner. */
  readonly aMinute: number;
  /** Reports of one partner that are known when they come again; the oldest goes first. */
  readonly remembered: number;
}

interface Handled {
  /** Undefined where it failed, to be tried again. */
  answer: Promise<Uint8Array> | undefined;
}

/**
 * A partner's share of a minute, of which only what is new takes its part: whoever kept an old report, signed as it is,
 * could else send it until the partner is not heard. What comes again is answered from memory.
 */
export class PartnerReports {
  readonly #bounds: Bounds;
  readonly #budget: MinuteBudget;
  readonly #clock: Clock;
  readonly #handled = new Map<string, Map<string, Handled>>();

  constructor(bounds: Bounds, clock: Clock) {
    this.#bounds = bounds;
    this.#budget = new MinuteBudget(bounds.aMinute, clock);
    this.#clock = clock;
  }

  /** What `handle` answers, once for each body however often it comes. `rate_limited`, or whatever `handle` fails with. */
  async answer(partner: string, body: string, handle: () => Promise<ReportAnswer>): Promise<ReportAnswer> {
    const handled = this.#of(partner, body);
    handled.answer ??= handle().then((known) => Uint8Array.from(known, Number));
    try {
      return Array.from(await handled.answer, Boolean);
    } catch (error) {
      handled.answer = undefined;
      throw error;
    }
  }

  #of(partner: string, body: string): Handled {
    const reports = this.#handled.get(partner) ?? new Map<string, Handled>();
    this.#handled.set(partner, reports);
    const digest = hash('sha256', body, 'base64url');
    const known = reports.get(digest);
    if (known) return known;
    if (!this.#budget.take(partner)) throw this.#tooMany();
    const handled: Handled = { answer: undefined };
    reports.set(digest, handled);
    dropOldest(reports, this.#bounds.remembered);
    return handled;
  }

  #tooMany(): KeywardError {
    return new KeywardError('rate_limited', 'too many new reports; wait a minute', {
      retryAfterSeconds: 60 - (Math.floor(this.#clock.nowSeconds()) % 60),
    });
  }
}
