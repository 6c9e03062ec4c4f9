import type { BrokenChain, ChainHead } from '../kernel/audit-chain.ts';
import { type GroupBefore, LEDGER_START } from '../kernel/ledger-chain.ts';
import type { ReadThread } from './read-thread.ts';

/** Told at the start: each is a critical event. */
const MOST_FLAWS = 8;

/** Chain and seals of the groups behind a checkpoint: where the ledger ends, and what does not hold. */
export async function walkTail(
  thread: Pick<ReadThread, 'ask'>,
  after: GroupBefore = LEDGER_START,
): Promise<{ readonly end: ChainHead; readonly broken: readonly BrokenChain[] }> {
  const broken: BrokenChain[] = [];
  for (let at = after; ; ) {
    const walked = await thread.ask('walkGroups', { after: at, end: undefined, mostRows: 0, round: 0 });
    if (broken.length < MOST_FLAWS || walked.isEnd) broken.push(...walked.broken);
    at = walked.at;
    if (walked.isEnd) return { end: { sequence: at.sequence, hash: at.groupHash }, broken };
  }
}

interface GroupWalkOptions {
  readonly from?: GroupBefore | undefined;
  /** Where a round ends: what lies behind is another walk's. Without it, the walk waits for more. */
  readonly until?: (() => number) | undefined;
}

/** Walks the groups with their rows; at the end it begins again from the first, or waits for more. */
export class GroupWalk {
  readonly #thread: Pick<ReadThread, 'ask'>;
  readonly #end: () => ChainHead | undefined;
  readonly #until: (() => number) | undefined;
  #at: GroupBefore;
  #rows = 0;
  #round = 0;
  /** One break is told a round: behind it, others are its consequence. */
  #broken = false;

  constructor(
    thread: Pick<ReadThread, 'ask'>,
    end: () => ChainHead | undefined,
    { from = LEDGER_START, until }: GroupWalkOptions = {},
  ) {
    this.#thread = thread;
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
    const { at, broken, isEnd, rows } = await this.#thread.ask('walkGroups', {
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
