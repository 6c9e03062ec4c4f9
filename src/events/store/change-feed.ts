import { headOf } from '../../db/chain-end.ts';
import type { TrxReader } from '../../db/schema.ts';
import type { EventChange, PastChange } from '../../kernel/security-events.ts';
import { Emitter, type Subscribable } from '../../lib/emitter.ts';
import { SharedRun } from '../../lib/shared-run.ts';
import { changesAfter } from './event-feed.ts';

const PAGE = 100;

/** What becomes of security events, in order. Where other fronts write as well, by what the database has, whoever wrote it. */
export class ChangeFeed implements Subscribable<EventChange> {
  readonly #reader: TrxReader;
  readonly #isShared: boolean;
  readonly #changes = new Emitter<EventChange>();
  readonly #runs = new SharedRun(() => this.#follow());
  /** Up to which event of the trail all was told; undefined before it is followed. */
  #place: number | undefined;

  constructor(reader: TrxReader, isShared: boolean) {
    this.#reader = reader;
    this.#isShared = isShared;
  }

  subscribe(listener: (change: EventChange) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /** This process has committed it. */
  async committed(change: EventChange): Promise<void> {
    if (!this.#isShared) return this.#changes.emit(change);
    // What cannot be read now is told once it can.
    await this.#runs.run().catch(() => {});
  }

  /** Tells what was committed since the last call; the first begins with what comes. `store_unavailable`. */
  async follow(): Promise<void> {
    if (this.#isShared) await this.#runs.run();
  }

  async #follow(): Promise<void> {
    this.#place ??= await this.#reader.read(async (trx) => (await headOf(trx, 'audit')).sequence);
    while (await this.#tellPage(this.#place));
  }

  /** Answers whether there may be more. */
  async #tellPage(after: number): Promise<boolean> {
    const { head, found } = await this.#reader.read(async (trx) => ({
      head: (await headOf(trx, 'audit')).sequence,
      found: await changesAfter(trx, after, PAGE),
    }));
    // A place behind the end was written by somebody else.
    const changes = found.filter(({ place }) => place <= head);
    const isFull = changes.length === PAGE;
    this.#place = isFull ? (changes.at(-1)?.place ?? head) : Math.max(head, after);
    this.#changes.emitAll(changes.map(asOfThen));
    return isFull;
  }
}

/** The event as that change left it. */
function asOfThen({ place, became, event }: PastChange): EventChange {
  switch (became) {
    case 'open':
      return { place, was: null, event: { ...event, state: became, acknowledged: null, resolved: null } };
    case 'acknowledged':
      return { place, was: 'open', event: { ...event, state: became, resolved: null } };
    case 'resolved':
      return { place, was: event.acknowledged ? 'acknowledged' : 'open', event };
  }
}
