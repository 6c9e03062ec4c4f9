import type { ChainHead } from '../kernel/audit-chain.ts';
import { SharedRun } from '../lib/shared-run.ts';
import { hasElement, headOf } from './chain-end.ts';
import type { DatabaseOwner, SharedDatabase } from './engine.ts';
import { unavailable } from './failure.ts';
import type { Trx, TrxReader } from './schema.ts';
import type { Writer } from './writer.ts';

/** Takes over what other fronts have committed by the time it is called, by what that reader reads. */
export type Follow = (reader: TrxReader) => Promise<void>;

interface FollowerOptions {
  /** Asked for nothing else: whoever catches up may hold up the others. */
  readonly reader: TrxReader;
  /** Absent where nobody else writes. */
  readonly shared: SharedDatabase | undefined;
  readonly owner: Pick<DatabaseOwner, 'hadOthers'>;
  readonly writer: Pick<Writer, 'hasForeignTrail' | 'ledgerEnd' | 'passFence'>;
}

/** So long after the last look memory counts as what the database has. */
const FRESH_SECONDS = 5;
/** Between two looks. */
export const LOOK_EVERY_MS = 200;
/** So often it catches up whatever the fence says: whoever writes to the database can put back a number. */
const CATCH_UP_MS = 2_000;

/** Keeps what this process holds in memory of a database at which other fronts write, too. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #follows: Follow[] = [];
  readonly #looks = new SharedRun(() => this.#look());
  readonly #catches = new SharedRun(() => this.#catchUp());
  #passed: number | undefined;
  #caughtUpAt = Number.NEGATIVE_INFINITY;
  #lookedAt = performance.now();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** In the order in which they are taken over. */
  add(follow: Follow): void {
    this.#follows.push(follow);
  }

  /** Whether other fronts can write at all. */
  get isShared(): boolean {
    return this.#options.shared !== undefined;
  }

  /** Seconds since the last look. */
  get age(): number {
    return (performance.now() - this.#lookedAt) / 1_000;
  }

  /** `store_unavailable` where it is not known what other fronts did in the last seconds. */
  requireFresh(): void {
    if (!this.isShared || this.age < FRESH_SECONDS) return;
    throw unavailable(new Error('what other fronts changed is not known'));
  }

  /**
   * Takes over what was committed before this call. Answers whether memory may have moved since whoever calls looked at it,
   * by this look or by another that ended meanwhile. `store_unavailable`, `registry_refused`.
   */
  look(): Promise<boolean> {
    return this.#looks.run();
  }

  /** The same without a look whether there is anything. */
  async catchUp(): Promise<void> {
    await this.#catches.run();
  }

  async #look(): Promise<boolean> {
    const { shared } = this.#options;
    if (!shared) return false;
    const lookedAt = performance.now();
    const fence = await this.#fence(shared);
    if (fence !== this.#passed || lookedAt - this.#caughtUpAt >= CATCH_UP_MS) await this.#catches.run();
    this.#lookedAt = lookedAt;
    return true;
  }

  async #catchUp(): Promise<void> {
    const { shared, reader, writer } = this.#options;
    if (!shared) return;
    const begun = performance.now();
    // What is read behind it has at least what raised it.
    const fence = await this.#fence(shared);
    for (const follow of this.#follows) await follow(reader);
    this.#passed = fence;
    this.#caughtUpAt = begun;
    writer.passFence(fence);
  }

  /** `store_unavailable` where the server lacks what this process committed, and may lack what another one restricted. */
  async #fence(shared: SharedDatabase): Promise<number> {
    const { reader, owner, writer } = this.#options;
    // What is committed from here on, the transaction need not show.
    const end = writer.ledgerEnd;
    return await reader.read(async (trx) => {
      // One front alone knows all that was restricted.
      if (owner.hadOthers && (writer.hasForeignTrail || (end && (await lacksGroup(trx, end)))))
        throw unavailable(
          new Error('the database lacks what was committed, and what other fronts restricted'),
        );
      return await shared.fence(trx);
    });
  }
}

/** One that is not there any more may be in an archive, where others are behind it. */
async function lacksGroup(trx: Trx, end: ChainHead): Promise<boolean> {
  const isThere = await hasElement(trx, 'ledger', end);
  return isThere === undefined ? (await headOf(trx, 'ledger')).sequence < end.sequence : !isThere;
}
