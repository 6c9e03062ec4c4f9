import { readFileSync } from 'node:fs';
import { KeywardError } from '../domain/errors.ts';
import { writeDurably } from './durable-file.ts';

/** Candidates that are compared at most: within a minute by one process, within a day (UTC) by all of one token. */
export const PIN_COMPARISONS = { aMinute: 100_000, aDay: 200_000 } as const;

const DAY_SECONDS = 86_400;
const RECORD = /^(\d{1,9}) (\d{1,9})\n$/;

/**
 * Counts before anything is compared, on disk: a front that has its signer replaced gets no further ones (I8). A
 * record that cannot be read counts as a day used up.
 */
export class PinAllowance {
  readonly #file: string;
  readonly #nowSeconds: () => number;
  #minute = 0;
  #inMinute = 0;

  constructor(latchFile: string, nowSeconds = () => Math.floor(Date.now() / 1_000)) {
    this.#file = `${latchFile}.compared`;
    this.#nowSeconds = nowSeconds;
  }

  /** `rate_limited`, `hsm_unavailable` where the record cannot be written. */
  take(count: number): void {
    const now = this.#nowSeconds();
    const [minute, day] = [Math.floor(now / 60), Math.floor(now / DAY_SECONDS)];
    const before = minute === this.#minute ? this.#inMinute : 0;
    if (before + count > PIN_COMPARISONS.aMinute)
      refuse('a minute', PIN_COMPARISONS.aMinute, 60 - (now % 60));
    const today = this.#usedOn(day) + count;
    if (today > PIN_COMPARISONS.aDay)
      refuse('a day', PIN_COMPARISONS.aDay, DAY_SECONDS - (now % DAY_SECONDS));
    this.#write(`${day} ${today}\n`);
    this.#minute = minute;
    this.#inMinute = before + count;
  }

  #usedOn(day: number): number {
    const text = this.#read();
    if (text === undefined) return 0;
    const [, recorded, used] = RECORD.exec(text) ?? [];
    if (recorded === undefined) return PIN_COMPARISONS.aDay;
    // A clock that was set back must not begin a new day.
    return Number(recorded) < day ? 0 : Number(used);
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8');
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : '';
    }
  }

  #write(text: string): void {
    try {
      writeDurably(this.#file, text);
    } catch (cause) {
      throw new KeywardError('hsm_unavailable', `${this.#file} cannot be written`, { cause });
    }
  }
}

function refuse(period: string, limit: number, retryAfterSeconds: number): never {
  throw new KeywardError(
    'rate_limited',
    `${limit} candidates for a PIN are compared ${period}; try again later`,
    {
      retryAfterSeconds,
    },
  );
}
