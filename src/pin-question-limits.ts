import type { Clock } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import { TokenTurns } from './keys/turns.ts';
import { MinuteBudget } from './watch/minute-budget.ts';

/** As many full batches as a signer compares in a minute, and some small ones; of one operator and HSM token. */
export const PIN_QUESTIONS_A_MINUTE = 120;
/** Batches that wait for their turn at one HSM token. */
export const MOST_PIN_BATCHES_WAITING = 8;

/** Comparing shares the signer with issuing: one batch at a time, and so many a minute. */
export class PinQuestionLimits {
  readonly #clock: Clock;
  readonly #marks: MinuteBudget;
  readonly #batches: MinuteBudget;
  readonly #turns = new TokenTurns();
  readonly #waiting = new Map<string, number>();

  constructor(hsmTokens: number, clock: Clock) {
    this.#clock = clock;
    // A scan asks for the marks before each of its batches.
    this.#marks = new MinuteBudget(PIN_QUESTIONS_A_MINUTE * hsmTokens, clock);
    this.#batches = new MinuteBudget(PIN_QUESTIONS_A_MINUTE, clock);
  }

  /** `rate_limited`. */
  takeMarks(operatorId: string): void {
    if (!this.#marks.take(operatorId)) throw this.#tooMany();
  }

  /** `rate_limited`, `overloaded`. */
  async batch<T>(hsmToken: string, operatorId: string, compare: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(hsmToken) ?? 0;
    if (waiting > MOST_PIN_BATCHES_WAITING) {
      throw new KeywardError('overloaded', 'too many batches wait to be compared; try again', {
        retryAfterSeconds: 1,
      });
    }
    if (!this.#batches.take(`${hsmToken} ${operatorId}`)) throw this.#tooMany();
    this.#waiting.set(hsmToken, waiting + 1);
    try {
      return await this.#turns.of(hsmToken).take(compare);
    } finally {
      this.#waiting.set(hsmToken, (this.#waiting.get(hsmToken) ?? 1) - 1);
    }
  }

  #tooMany(): KeywardError {
    return new KeywardError('rate_limited', 'too many questions about PINs; wait a minute', {
      retryAfterSeconds: 60 - (Math.floor(this.#clock.nowSeconds()) % 60),
    });
  }
}
