import type { TracedRequest } from '../kernel/trace.ts';

interface SamplingRules {
  /** From 0 to 1. */
  readonly ratio: number;
  /** Requests a second that are sampled because their caller asks for it. */
  readonly askedPerSecond: number;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

const SECOND_MS = 1_000;

/**
 * Which requests are traced. A caller's `not sampled` is always heeded, its `sampled` only if the caller is
 * authenticated, and so many times a second. All others are drawn here: a trace id that the caller chose decides nothing.
 */
export class Sampling {
  readonly #rules: SamplingRules;
  readonly #nowMs: () => number;
  readonly #random: () => number;
  #second = 0;
  #asked = 0;

  constructor(rules: SamplingRules) {
    this.#rules = rules;
    this.#nowMs = rules.nowMs ?? (() => performance.now());
    this.#random = rules.random ?? Math.random;
  }

  isSampled({ parent, isAuthenticated }: Pick<TracedRequest, 'parent' | 'isAuthenticated'>): boolean {
    if (parent && !parent.isSampled) return false;
    if (parent && isAuthenticated && this.#mayAsk()) return true;
    return this.draw();
  }

  draw(): boolean {
    return this.#random() < this.#rules.ratio;
  }

  #mayAsk(): boolean {
    const second = Math.floor(this.#nowMs() / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      this.#asked = 0;
    }
    if (this.#asked >= this.#rules.askedPerSecond) return false;
    this.#asked += 1;
    return true;
  }
}
