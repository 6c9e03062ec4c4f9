import type { BrokenChain } from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { RecordedToken, RecordLookup, RecordQuery } from '../kernel/issuance.ts';
import { toKeywardError } from './failure.ts';
import { FairTurns } from './fair-turns.ts';
import { recordedToken, slotOf } from './ledger-row.ts';
import type { ReadThread } from './read-thread.ts';

const DIGEST_BYTES = 32;
/** Of what one owner asks for at once: then it is another's turn. */
const DIGESTS_A_TURN = 100;
/** As many as one owner may have waiting, however short the queue: one request of the largest. */
const LEAST_SHARE = 1_000;

interface LookupOptions {
  /** Look-ups that may wait. */
  readonly queueLimit: number;
  /** Rows that were met and count for nothing. */
  readonly onBroken: (broken: BrokenChain) => void;
  /** A look-up that failed. */
  readonly onFailure: (error: unknown) => void;
}

interface Waiting {
  readonly digest: Buffer;
  readonly slot: number;
  resolve(found: RecordedToken | undefined): void;
  reject(error: unknown): void;
}

/** Looks digests up in one thread; the look-ups of one turn of the event loop share a message. */
export class LedgerLookup implements RecordLookup {
  readonly #thread: Pick<ReadThread, 'ask' | 'isUsed'>;
  readonly #queueLimit: number;
  readonly #onBroken: LookupOptions['onBroken'];
  readonly #onFailure: LookupOptions['onFailure'];
  readonly #turns = new FairTurns();
  readonly #waitingOf = new Map<string, number>();
  #turn: Waiting[] = [];
  #waiting = 0;

  constructor(
    thread: Pick<ReadThread, 'ask' | 'isUsed'>,
    { queueLimit, onBroken, onFailure }: LookupOptions,
  ) {
    this.#thread = thread;
    this.#queueLimit = queueLimit;
    this.#onBroken = onBroken;
    this.#onFailure = onFailure;
  }

  get isUsed(): boolean {
    return this.#thread.isUsed;
  }

  /** `store_unavailable`, `overloaded`. */
  async find(digest: Buffer, iat: number): Promise<RecordedToken | undefined> {
    this.#admit(1);
    try {
      return await new Promise<RecordedToken | undefined>((resolve, reject) => {
        if (this.#turn.length === 0) setImmediate(() => void this.#send());
        this.#turn.push({ digest, slot: slotOf(iat), resolve, reject });
      });
    } finally {
      this.#waiting -= 1;
    }
  }

  /** `store_unavailable`, `overloaded`, and `rate_limited` where the owner alone has too much waiting. */
  async known(scopeId: string, query: readonly RecordQuery[], owner: string): Promise<readonly boolean[]> {
    const waiting = (this.#waitingOf.get(owner) ?? 0) + query.length;
    if (waiting > Math.max(LEAST_SHARE, this.#queueLimit / 2)) throw tooManyOfOne();
    this.#admit(query.length);
    this.#waitingOf.set(owner, waiting);
    try {
      const known = [];
      for (let from = 0; from < query.length; from += DIGESTS_A_TURN) {
        const part = query.slice(from, from + DIGESTS_A_TURN);
        known.push(...(await this.#turns.take(owner, () => this.#knownPart(scopeId, part))));
      }
      return known;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#waiting -= query.length;
      const left = (this.#waitingOf.get(owner) ?? 0) - query.length;
      if (left > 0) this.#waitingOf.set(owner, left);
      else this.#waitingOf.delete(owner);
    }
  }

  async #knownPart(scopeId: string, query: readonly RecordQuery[]): Promise<readonly boolean[]> {
    const slots = query.map(({ iat }) => slotOf(iat));
    const asks = { scopeId, digests: joined(query), slots };
    const { found, broken } = await this.#thread.ask('knownRecords', asks);
    for (const each of broken) this.#onBroken(each);
    return found;
  }

  async #send(): Promise<void> {
    const turn = this.#turn;
    this.#turn = [];
    try {
      const asks = { digests: joined(turn), slots: turn.map(({ slot }) => slot) };
      const { found, broken } = await this.#thread.ask('findRecords', asks);
      for (const each of broken) this.#onBroken(each);
      for (const [index, { resolve }] of turn.entries()) {
        const row = found[index];
        resolve(row ? recordedToken(row) : undefined);
      }
    } catch (error) {
      const mapped = this.#failed(error);
      for (const { reject } of turn) reject(mapped);
    }
  }

  #failed(error: unknown): KeywardError {
    const mapped = toKeywardError(error);
    this.#onFailure(mapped);
    return mapped;
  }

  #admit(count: number): void {
    if (this.#waiting + count > this.#queueLimit) {
      throw new KeywardError('overloaded', 'Too many look-ups wait; try again shortly.', {
        retryAfterSeconds: 1,
      });
    }
    this.#waiting += count;
  }
}

function tooManyOfOne(): KeywardError {
  return new KeywardError('rate_limited', 'Too many of your sightings wait; send fewer at a time.', {
    retryAfterSeconds: 1,
  });
}

function joined(query: readonly { readonly digest: Uint8Array }[]): Uint8Array {
  const all = new Uint8Array(query.length * DIGEST_BYTES);
  for (const [index, { digest }] of query.entries()) all.set(digest, index * DIGEST_BYTES);
  return all;
}
