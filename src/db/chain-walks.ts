import type { BrokenChain, ChainHead } from '../kernel/audit-chain.ts';
import { CHAIN_START, type GroupBefore } from '../kernel/ledger-chain.ts';
import type { RevocationPage } from '../kernel/revocation.ts';
import type { RunPublicKey } from '../kernel/runs.ts';
import { BoundedLink } from './bounded-link.ts';
import { compileWalkStatements, type WalkCalls, type WalkedGroups } from './walk-protocol.ts';
import type { DatabaseIdentity } from './writer-protocol.ts';

/** A step takes a few hundredths of a second on a machine that has nothing else to do. */
const DEADLINE_MS = 60_000;

/** Told at the start: each is a critical event. */
const MOST_FLAWS = 8;

const LEDGER_START: GroupBefore = { sequence: 0, firstRecord: 1, rowCount: 0, groupHash: CHAIN_START };

export interface WalkOptions {
  readonly file: string;
  readonly identity: DatabaseIdentity;
  /** Whose seals count; read when the thread starts. */
  readonly runs: readonly RunPublicKey[];
}

/** Reads the chains of ledger and revocations in a thread of its own, a step at a time. */
export class ChainWalks {
  readonly #link: BoundedLink<WalkCalls>;

  constructor(options: WalkOptions) {
    this.#link = new BoundedLink({
      entry: new URL('./walk-worker.ts', import.meta.url),
      settings: { ...options, statements: compileWalkStatements() },
      deadlineMs: DEADLINE_MS,
    });
  }

  groups(asks: WalkCalls['groups']['asks']): Promise<WalkedGroups> {
    return this.#link.ask('groups', asks);
  }

  revocations(after: ChainHead, now: number | null): Promise<RevocationPage> {
    return this.#link.ask('revocations', { after, now });
  }

  /** Chain and seals of the groups behind a checkpoint: where the ledger ends, and what does not hold. */
  async tail(
    after: GroupBefore = LEDGER_START,
  ): Promise<{ readonly end: ChainHead; readonly broken: readonly BrokenChain[] }> {
    const broken: BrokenChain[] = [];
    for (let at = after; ; ) {
      const walked = await this.groups({ after: at, end: undefined, mostRows: 0, round: 0 });
      if (broken.length < MOST_FLAWS || walked.isEnd) broken.push(...walked.broken);
      at = walked.at;
      if (walked.isEnd) return { end: { sequence: at.sequence, hash: at.groupHash }, broken };
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

export interface GroupWalkOptions {
  readonly from?: GroupBefore | undefined;
  /** Where a round ends: what lies behind is another walk's. Without it, the walk waits for more. */
  readonly until?: (() => number) | undefined;
}

/** Walks the groups with their rows; at the end it begins again from the first, or waits for more. */
export class GroupWalk {
  readonly #walks: Pick<ChainWalks, 'groups'>;
  readonly #end: () => ChainHead | undefined;
  readonly #until: (() => number) | undefined;
  #at: GroupBefore;
  #rows = 0;
  #round = 0;
  /** One break is told a round: behind it, others are its consequence. */
  #broken = false;

  constructor(
    walks: Pick<ChainWalks, 'groups'>,
    end: () => ChainHead | undefined,
    { from = LEDGER_START, until }: GroupWalkOptions = {},
  ) {
    this.#walks = walks;
    this.#end = end;
    this.#until = until;
    this.#at = from;
  }

  /** The sequence of the last group that was read. */
  get place(): number {
    return this.#at.sequence;
  }

  /** How many rows the last step read. */
  get rows(): number {
    return this.#rows;
  }

  /** What does not hold among the next groups. `store_unavailable`, `overloaded`. */
  async step(mostRows: number): Promise<BrokenChain | undefined> {
    const { at, broken, isEnd, rows } = await this.#walks.groups({
      after: this.#at,
      end: this.#end(),
      mostRows,
      round: this.#round,
    });
    const isOver = isEnd || (this.#until !== undefined && at.sequence >= this.#until());
    const told = this.#broken ? undefined : broken[0];
    this.#rows = rows;
    this.#broken = !isOver && (this.#broken || broken.length > 0);
    this.#at = isOver && this.#until ? LEDGER_START : at;
    if (isOver) this.#round += 1;
    return told;
  }
}
