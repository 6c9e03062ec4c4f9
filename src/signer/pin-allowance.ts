import { readFileSync } from 'node:fs';
import { KeywardError } from '../domain/errors.ts';
import { LEAST_PIN_CHARGE } from '../domain/pin-candidates.ts';
import { writeDurably } from './durable-file.ts';

/** Candidates that are compared at most: within a minute by one process, within a day (UTC) by all of one token. */
export const PIN_COMPARISONS = { aMinute: 100_000, aDay: 200_000 } as const;

/** Reserved on disk at a time. */
const BLOCK = 10_000;
const DAY_SECONDS = 86_400;
const RECORD = /^(\d{1,9}) (\d{1,9})\n$/;

/**
 * Counts before anything is compared, on disk: a front that has its signer replaced gets no further ones (I8). The disk
 * is written for a block at a time, since a write stops the signer; what a process reserved and did not use is lost
 * with it. A record that cannot be read counts as a day used up.
 */
export class PinAllowance {
  readonly #file: string;
  readonly #nowSeconds: () => number;
  #minute = 0;
  #inMinute = 0;
  /** What is on disk as used and was not taken yet. */
  #reserved = { day: 0, left: 0 };

  constructor(latchFile: string, nowSeconds = () => Math.floor(Date.now() / 1_000)) {
    this.#file = `${latchFile}.compared`;
    this.#nowSeconds = nowSeconds;
  }

  /** For a batch of so many. `rate_limited`, `hsm_unavailable` where the record cannot be written. */
  take(candidates: number): void {
    const count = Math.max(candidates, LEAST_PIN_CHARGE);
    const now = this.#nowSeconds();
    const minute = Math.floor(now / 60);
    const before = minute === this.#minute ? this.#inMinute : 0;
    if (before + count > PIN_COMPARISONS.aMinute)
      refuse('a minute', PIN_COMPARISONS.aMinute, 60 - (now % 60));
    this.#takeOfDay(count, now);
    this.#minute = minute;
    this.#inMinute = before + count;
  }

  #takeOfDay(count: number, now: number): void {
    const day = Math.floor(now / DAY_SECONDS);
    const { day: reservedOn, left: reserved } = this.#reserved;
    const left = reservedOn < day ? 0 : reserved;
    if (left >= count) {
      this.#reserved = { day: reservedOn, left: left - count };
      return;
    }
    const used = this.#usedOn(day);
    const block = Math.min(Math.max(BLOCK, count - left), PIN_COMPARISONS.aDay - used);
    if (left + block < count) refuse('a day', PIN_COMPARISONS.aDay, DAY_SECONDS - (now % DAY_SECONDS));
    this.#write(`${day} ${used + block}\n`);
    this.#reserved = { day, left: left + block - count };
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
