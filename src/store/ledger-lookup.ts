import { KeywardError } from '../domain/errors.ts';
import type { RecordedToken } from '../domain/ledger.ts';
import type { RecordLookup, SoughtRecord } from '../domain/lookup.ts';
import { CallLink } from './call-link.ts';
import { recordedToken } from './ledger-row.ts';
import { compileLookupStatements, type LookupCalls } from './lookup-protocol.ts';
import { slotOf } from './record-slot.ts';
import { toKeywardError } from './sqlite-failure.ts';
import type { FileIdentity } from './writer-protocol.ts';

const DIGEST_BYTES = 32;
const DEADLINE_MS = 5_000;

export interface LookupOptions {
  readonly file: string;
  readonly identity: FileIdentity;
  /** Look-ups that may wait. */
  readonly queueLimit: number;
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
  #turn: Waiting[] = [];
  #waiting = 0;

  constructor({ file, identity, queueLimit, deadlineMs = DEADLINE_MS }: LookupOptions) {
    const settings = { file, identity, statements: compileLookupStatements() };
    this.#link = new CallLink({
      entry: new URL('./lookup-worker.ts', import.meta.url),
      settings,
      deadlineMs,
    });
    this.#queueLimit = queueLimit;
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

  /** `store_unavailable`, `overloaded`. */
  async known(scopeId: string, sought: readonly SoughtRecord[]): Promise<readonly boolean[]> {
    this.#admit(sought.length);
    try {
      return await this.#link.thread().call('known', {
        scopeId,
        digests: joined(sought),
        slots: sought.map(({ iatUntil }) => slotOf(iatUntil)),
        oldestSlots: sought.map(({ iatFrom }) => slotOf(iatFrom)),
      });
    } catch (error) {
      throw toKeywardError(error);
    } finally {
      this.#waiting -= sought.length;
    }
  }

  async close(): Promise<void> {
    await this.#link.stop();
  }

  async #send(): Promise<void> {
    const turn = this.#turn;
    this.#turn = [];
    try {
      const asks = { digests: joined(turn), slots: turn.map(({ slot }) => slot) };
      const rows = await this.#link.thread().call('find', asks);
      for (const [index, { resolve }] of turn.entries()) {
        const row = rows[index];
        resolve(row ? recordedToken(row) : undefined);
      }
    } catch (error) {
      const mapped = toKeywardError(error);
      for (const { reject } of turn) reject(mapped);
    }
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

function joined(sought: readonly { readonly digest: Uint8Array }[]): Uint8Array {
  const all = new Uint8Array(sought.length * DIGEST_BYTES);
  for (const [index, { digest }] of sought.entries()) all.set(digest, index * DIGEST_BYTES);
  return all;
}
