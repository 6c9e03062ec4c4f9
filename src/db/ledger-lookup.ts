import type { BrokenChain } from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { RecordedToken, RecordLookup, RecordQuery } from '../kernel/issuance.ts';
import type { RunPublicKey } from '../kernel/runs.ts';
import { CallLink } from './call-link.ts';
import { FairTurns } from './fair-turns.ts';
import { recordedToken, slotOf } from './ledger-row.ts';
import { compileLookupStatements, type LookupCalls } from './lookup-protocol.ts';
import { toKeywardError } from './sqlite-failure.ts';
import type { DatabaseIdentity } from './writer-protocol.ts';

const DIGEST_BYTES = 32;
const DEADLINE_MS = 5_000;
/** Of what one owner asks for at once: then it is another's turn. */
const DIGESTS_A_TURN = 100;
/** As many as one owner may have waiting, however short the queue: one request of the largest. */
const LEAST_SHARE = 1_000;

export interface LookupOptions {
  readonly file: string;
  readonly identity: DatabaseIdentity;
  /** Look-ups that may wait. */
  readonly queueLimit: number;
  /** Whose seals count; read when the thread starts. */
  readonly runs: readonly RunPublicKey[];
  /** Rows that were met and count for nothing. */
  readonly onBroken: (broken: BrokenChain) => void;
  /** A look-up that failed. */
  readonly onFailure?: (error: unknown) => void;
  readonly deadlineMs?: number;
}

interface Waiting {
  readonly digest: Buffer;
  readonly slot: number;
  resolve(found: RecordedToken | undefined): void;
  reject(error: unknown): void;
}

/** Looks digests up in a thread of its own; the look-ups of one turn of the event loop share a message. */
export class LedgerLookup implements RecordLookup {
  readonly #link: CallLink<LookupCalls>;
  readonly #queueLimit: number;
  readonly #onBroken: LookupOptions['onBroken'];
  readonly #onFailure: (error: unknown) => void;
  readonly #turns = new FairTurns();
  readonly #waitingOf = new Map<string, number>();
  #turn: Waiting[] = [];
  #waiting = 0;

  constructor(options: LookupOptions) {
    const { file, identity, runs, queueLimit, onBroken, deadlineMs = DEADLINE_MS } = options;
    this.#onFailure = options.onFailure ?? (() => {});
    const settings = { file, identity, runs, statements: compileLookupStatements() };
    this.#link = new CallLink({
      entry: new URL('./lookup-worker.ts', import.meta.url),
      settings,
      deadlineMs,
    });
    this.#queueLimit = queueLimit;
    this.#onBroken = onBroken;
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
  async known(scopeId: string, sought: readonly RecordQuery[], owner: string): Promise<readonly boolean[]> {
    const waiting = (this.#waitingOf.get(owner) ?? 0) + sought.length;
    if (waiting > Math.max(LEAST_SHARE, this.#queueLimit / 2)) throw tooManyOfOne();
    this.#admit(sought.length);
    this.#waitingOf.set(owner, waiting);
    try {
      const known = [];
      for (let from = 0; from < sought.length; from += DIGESTS_A_TURN) {
        const part = sought.slice(from, from + DIGESTS_A_TURN);
        known.push(...(await this.#turns.take(owner, () => this.#knownPart(scopeId, part))));
      }
      return known;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#waiting -= sought.length;
      const left = (this.#waitingOf.get(owner) ?? 0) - sought.length;
      if (left > 0) this.#waitingOf.set(owner, left);
      else this.#waitingOf.delete(owner);
    }
  }

  async #knownPart(scopeId: string, sought: readonly RecordQuery[]): Promise<readonly boolean[]> {
    const slots = sought.map(({ iat }) => slotOf(iat));
    const asks = { scopeId, digests: joined(sought), slots };
    const { found, broken } = await this.#link.thread().call('known', asks);
    for (const each of broken) this.#onBroken(each);
    return found;
  }

  async close(): Promise<void> {
    await this.#link.stop();
  }

  async #send(): Promise<void> {
    const turn = this.#turn;
    this.#turn = [];
    try {
      const asks = { digests: joined(turn), slots: turn.map(({ slot }) => slot) };
      const { found, broken } = await this.#link.thread().call('find', asks);
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

function joined(sought: readonly { readonly digest: Uint8Array }[]): Uint8Array {
  const all = new Uint8Array(sought.length * DIGEST_BYTES);
  for (const [index, { digest }] of sought.entries()) all.set(digest, index * DIGEST_BYTES);
  return all;
}
