import type { AuditEvent } from '../../kernel/audit.ts';
import type { Trx, UrgentCommitted } from '../schema.ts';
import {
  asRepetition,
  heldBy,
  type IntendedChange,
  isCommitted,
  isUndone,
  undoneRows,
  withoutCommitted,
} from './intended-change.ts';
import type { HeldRows } from './read-changes.ts';
import type { StoredHead } from './read-stored.ts';
import type { PreparedRow } from './trusted-registry.ts';

/**
 * What becomes of a change that was acknowledged before standbys had it. It is lost where a promotion has lost it and
 * another front changed the same before it could be repeated.
 */
export type OwedState = 'owed' | 'repeated' | 'replicated' | 'lost';

/** What one transaction found of changes that may be lost. */
export interface Looked {
  /** But for those of which it is not known yet what became of them. */
  readonly owed: readonly IntendedChange[];
  /** Of those. */
  readonly repeated: readonly IntendedChange[];
  /** Of those, too. */
  readonly lost: readonly IntendedChange[];
  /** What `lost` made of rows that nobody has changed since: the database has them as they were before. */
  readonly undone: readonly PreparedRow[];
  readonly uncertain: readonly IntendedChange[];
  /** Of those. */
  readonly found: readonly IntendedChange[];
}

/** The changes of this process that are under way, or of which it is not certain that they stay. */
export class OwnChanges {
  readonly #told: (what: OwedState, event: AuditEvent) => void;
  readonly #underWay = new Set<IntendedChange>();
  /** Of which nobody knows whether they were committed. */
  #uncertain: readonly IntendedChange[] = [];
  /** That were seen on one server alone, in their order. */
  #owed: readonly IntendedChange[] = [];
  /** Memory has them already, with what others made of them. */
  readonly #followed = new WeakSet<IntendedChange>();

  constructor(told: (what: OwedState, event: AuditEvent) => void) {
    this.#told = told;
  }

  get isInDoubt(): boolean {
    return this.#uncertain.length > 0;
  }

  get isReplicated(): boolean {
    return this.#owed.length === 0;
  }

  /** Heads that may be in the database. */
  get possibleHeads(): readonly StoredHead[] {
    return this.#uncertain.flatMap(({ prepared: { sealed } }) => sealed?.head ?? []);
  }

  /** Answers what `commit` does; `isKnown` says of its failure whether nothing was committed. */
  async during<T>(
    change: IntendedChange,
    commit: () => Promise<T>,
    isKnown: (failure: unknown) => boolean,
  ): Promise<T> {
    this.#underWay.add(change);
    try {
      return await commit();
    } catch (error) {
      if (!isKnown(error)) this.#doubt(change);
      throw error;
    } finally {
      this.#underWay.delete(change);
    }
  }

  owe(change: IntendedChange): void {
    this.#owed = [...this.#owed, change];
    this.#tell('owed', [change]);
  }

  /**
   * Looks what of the changes that may be lost is there, and commits anew what is owed. It is lost only where another front
   * has signed a row of it on what was before it, and is followed: an unsigned word of the database undoes no restriction.
   */
  async look(
    trx: Trx,
    {
      write,
      isReplaced,
    }: {
      readonly write: (trx: Trx, change: IntendedChange) => Promise<void>;
      readonly isReplaced: (row: PreparedRow) => boolean;
    },
  ): Promise<Looked> {
    const [owed, uncertain] = [this.#owed, this.#uncertain];
    const gone = await withoutCommitted(trx, [...owed, ...uncertain]);
    const repeated: IntendedChange[] = [];
    const lost: IntendedChange[] = [];
    const waiting: IntendedChange[] = [];
    for (const change of owed.filter((each) => gone.includes(each))) {
      if (await isUndone(trx, change)) {
        await write(trx, asRepetition(change));
        repeated.push(change);
      } else if (change.prepared.rows.some(isReplaced)) lost.push(change);
      else waiting.push(change);
    }
    const found = uncertain.filter((change) => !gone.includes(change));
    const undone = await undoneRows(trx, lost);
    return { owed: owed.filter((each) => !waiting.includes(each)), repeated, lost, undone, uncertain, found };
  }

  /** What standbys have, they have with all that was committed before it. */
  settle({ result: { owed, repeated, lost }, replicated }: UrgentCommitted<Looked>): void {
    this.#tell('repeated', repeated);
    this.#tell('lost', this.#takeOwed(lost));
    if (replicated) this.#tell('replicated', this.#takeOwed(owed));
  }

  /** Of changes that were in doubt those that were committed, and that memory lacks. */
  settleDoubts({
    result: { uncertain, found },
    replicated,
  }: UrgentCommitted<Looked>): readonly IntendedChange[] {
    // Settled by another meanwhile: applied again, it would undo in memory what came after it.
    const known = uncertain.filter((change) => this.#uncertain.includes(change));
    this.#uncertain = this.#uncertain.filter((change) => !known.includes(change));
    const committed = known.filter((change) => found.includes(change));
    if (!replicated) for (const change of committed) this.owe(change);
    return committed.filter((change) => !this.isFollowed(change));
  }

  /** Whether memory has it, and maybe what came after it: applied again, it would undo that. */
  isFollowed(change: IntendedChange): boolean {
    return this.#followed.has(change);
  }

  /** What is obeyed without a signature is owed from then on, whatever becomes of its answer. */
  follow(changes: readonly IntendedChange[]): void {
    for (const change of changes) this.#followed.add(change);
    const obeyed = this.#uncertain.filter((change) => this.#isObeyed(change));
    this.#uncertain = this.#uncertain.filter((change) => !obeyed.includes(change));
    for (const change of obeyed) this.owe(change);
  }

  /** Those whose commit a snapshot shows before it is known here. */
  async shownIn(trx: Trx): Promise<readonly IntendedChange[]> {
    const shown: IntendedChange[] = [];
    for (const change of [...this.#underWay, ...this.#uncertain]) {
      if (await isCommitted(trx, change)) shown.push(change);
    }
    return shown;
  }

  /** Rows that a promotion took back, and that are to be repeated. */
  async heldIn(trx: Trx): Promise<HeldRows> {
    return heldBy(await withoutCommitted(trx, this.#owed));
  }

  #doubt(change: IntendedChange): void {
    if (this.#isObeyed(change)) this.owe(change);
    else this.#uncertain = [...this.#uncertain, change];
  }

  #isObeyed(change: IntendedChange): boolean {
    return this.isFollowed(change) && change.prepared.sealed === null;
  }

  #takeOwed(changes: readonly IntendedChange[]): readonly IntendedChange[] {
    const taken = this.#owed.filter((change) => changes.includes(change));
    this.#owed = this.#owed.filter((change) => !changes.includes(change));
    return taken;
  }

  #tell(what: OwedState, changes: readonly IntendedChange[]): void {
    for (const { events } of changes) for (const event of events) this.#told(what, event);
  }
}
