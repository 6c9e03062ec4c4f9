import { performance } from 'node:perf_hooks';
import { KeywardError } from '../kernel/errors.ts';
import type { LimitSettings } from './limits.ts';

const LOOK_EVERY_MS = 100;
const LOOKS_A_SECOND = 1_000 / LOOK_EVERY_MS;
/** Above this utilization the event loop had no rest, and requests wait to be read. */
const NO_REST = 0.98;
/** On average, requests should be answered within this time. */
const LONG_MS = 150;
const GROWTH = 1.25;
const LEAST_SHARE = 1 / 8;

/**
 * The share of places that is given out under load. It drops to the least when the event loop had no rest and requests took
 * too long, or some were refused because of the share; otherwise it grows again. A refusal costs the event loop more than
 * half of what a token costs, so nothing is refused that can be served in time. The lateness of a timer would be no
 * measure: one turn of the loop that reads many requests makes it late.
 */
export class LoopLoad {
  #share = 1;
  #timer: NodeJS.Timeout | undefined;
  #looksLeft = 0;
  #answered = 0;
  #tookMs = 0;
  #refused = 0;

  /** From 1/8 to 1. */
  get share(): number {
    return this.#share;
  }

  /** Starts the timer. It ends a second after the last call, once the share is 1: an idle service has no timer. */
  watch(): void {
    this.#looksLeft = LOOKS_A_SECOND;
    if (this.#timer) return;
    this.#forget();
    let last = performance.eventLoopUtilization();
    this.#timer = setInterval(() => {
      const now = performance.eventLoopUtilization();
      this.looked(performance.eventLoopUtilization(now, last).utilization);
      last = now;
      this.#looksLeft -= 1;
      if (this.#looksLeft <= 0 && this.#share === 1) this.#stop();
    }, LOOK_EVERY_MS).unref();
  }

  /** A request gave its place back after this time. */
  answered(tookMs: number): void {
    this.#answered += 1;
    this.#tookMs += tookMs;
  }

  /** A request found no place. Only those that the share leaves too few places for count. */
  refused(): void {
    if (this.#share < 1) this.#refused += 1;
  }

  /** `utilization`: of the event loop since the last look, from 0 to 1. */
  looked(utilization: number): void {
    const isTooMuch = utilization > NO_REST && (this.#refused > 0 || this.#tookMs > this.#answered * LONG_MS);
    this.#forget();
    this.#share = isTooMuch ? LEAST_SHARE : Math.min(1, this.#share * GROWTH);
  }

  #forget(): void {
    this.#answered = 0;
    this.#tookMs = 0;
    this.#refused = 0;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Read at each use: a reload may change them. */
interface Bounds {
  readonly most: number;
  readonly mostOfOne: number;
}

/** Places given out one at a time, of which no one holder may have more than its part. */
class Places {
  readonly #bounds: Bounds;
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get taken(): number {
    return this.#taken;
  }

  get mostOfOne(): number {
    return this.#bounds.mostOfOne;
  }

  /**
   * Undefined where a place was given; else whose bound is reached, the holder's own or that of all. Of the bounds,
   * `share` counts, from 0 to 1.
   */
  take(holder: string, share = 1): 'own' | 'all' | undefined {
    const full = this.full(holder, share);
    if (full) return full;
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + 1);
    this.#taken++;
    return undefined;
  }

  /** What `take` would answer. */
  full(holder: string, share = 1): 'own' | 'all' | undefined {
    if ((this.#held.get(holder) ?? 0) >= this.#bounds.mostOfOne * share) return 'own';
    return this.#taken >= this.#bounds.most * share ? 'all' : undefined;
  }

  giveBack(holder: string): void {
    const own = this.#held.get(holder) ?? 0;
    if (own > 1) this.#held.set(holder, own - 1);
    else this.#held.delete(holder);
    this.#taken--;
  }
}

/** Who asks: those who sign, those who verify or revoke, whoever comes without a credential, and operators. */
export const CALLER_CLASSES = ['identity', 'relying', 'anonymous', 'operator'] as const;
export type CallerClass = (typeof CALLER_CLASSES)[number];

const MIB = 1024 * 1024;

/** What the bodies under way of one class may take together. */
export const MOST_BYTES_HELD = {
  identity: 128 * MIB,
  relying: 64 * MIB,
  anonymous: 16 * MIB,
  operator: 64 * MIB,
} as const satisfies Record<CallerClass, number>;

/** Bodies of strangers: few at a time, fewer from one address, and no time to dawdle. */
const STRANGERS = { bodies: 256, bodiesOfOne: 16, bodySeconds: 5 };

/** A request that has its place: what it may hold, and by whom. */
export interface Admission {
  readonly budget: CallerBudget;
  /** Client or operator id, or the network of who has none. */
  readonly holder: string;
  /** Of `performance.now()`. */
  readonly since: number;
}

const UNLOADED: Load = { share: 1, watch() {}, answered() {}, refused() {} };

/** Made once: under load, recording where an error was made would cost more than the refusal. */
const FULL = {
  all: new KeywardError('overloaded', 'too many requests are in flight; try again'),
  own: new KeywardError('overloaded', 'too many of your requests are in flight; try again'),
};

/** How busy the process is. */
export type Load = Pick<LoopLoad, 'share' | 'watch' | 'answered' | 'refused'>;

/** What one class of callers may hold of one plane at once, so that no class is in the way of another. */
export class CallerBudget {
  readonly #requests: Places;
  readonly #bodies: Places | undefined;
  readonly #mostBytes: number;
  readonly #load: Load;
  /** From a body's first byte asked for to its last, where it is not the connection's own time alone. */
  readonly bodySeconds: number | undefined;
  #bytes = 0;

  constructor(
    callers: CallerClass,
    limits: Pick<LimitSettings, 'requests_in_flight'>,
    load = UNLOADED,
    strangers = STRANGERS,
  ) {
    this.#load = load;
    this.#requests = new Places({
      get most() {
        return limits.requests_in_flight;
      },
      // One caller alone leaves half of it to the others.
      get mostOfOne() {
        return Math.ceil(limits.requests_in_flight / 2);
      },
    });
    this.#mostBytes = MOST_BYTES_HELD[callers];
    if (callers !== 'anonymous') return;
    this.#bodies = new Places({ most: strangers.bodies, mostOfOne: strangers.bodiesOfOne });
    this.bodySeconds = strangers.bodySeconds;
  }

  get inFlight(): number {
    return this.#requests.taken;
  }

  /** `overloaded` where too many are in flight, in all or of the holder alone. */
  enter(holder: string): Admission {
    const full = this.#requests.take(holder, this.#load.share);
    if (this.#isMany) this.#load.watch();
    if (full) throw this.#refusal(full);
    return { budget: this, holder, since: performance.now() };
  }

  /** With fewer in flight, the share decides nothing. */
  get #isMany(): boolean {
    return this.#requests.taken > this.#requests.mostOfOne * LEAST_SHARE;
  }

  /** Fewer places are given out than at other times. */
  get isBusy(): boolean {
    return this.#load.share < 1;
  }

  /** What `enter` would refuse. */
  crowded(holder: string): KeywardError | undefined {
    const full = this.#requests.full(holder, this.#load.share);
    return full && this.#refusal(full);
  }

  #refusal(full: keyof typeof FULL): KeywardError {
    this.#load.refused();
    return FULL[full];
  }

  leave({ holder, since }: Admission): void {
    if (this.#isMany) this.#load.watch();
    this.#load.answered(performance.now() - since);
    this.#requests.giveBack(holder);
  }

  /** Before the first byte is read: `overloaded`, `rate_limited`. Every body that began ends by `endBody`. */
  beginBody(holder: string): void {
    const full = this.#bodies?.take(holder);
    if (full === 'all') throw new KeywardError('overloaded', 'too many bodies are under way; try again');
    if (full === 'own')
      throw new KeywardError('rate_limited', 'too many of your bodies are under way; let one end');
  }

  /** `overloaded` where the class holds too much with them; they count until `endBody` all the same. */
  hold(bytes: number): KeywardError | undefined {
    this.#bytes += bytes;
    if (this.#bytes <= this.#mostBytes) return undefined;
    return new KeywardError('overloaded', 'too many large bodies are under way; try again');
  }

  endBody(holder: string, bytes: number): void {
    this.#bodies?.giveBack(holder);
    this.#bytes -= bytes;
  }
}
