import type { Actor } from '../../kernel/actor.ts';
import { notOpen, unknownProposal } from '../../kernel/acts.ts';
import type { AuditEvent, SinkGate } from '../../kernel/audit.ts';
import type { ChainHead } from '../../kernel/audit-chain.ts';
import type { Clock } from '../../kernel/clock.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { RefusedRow, RegistrySeal } from '../../kernel/registry.ts';
import { appendAuditEvent } from '../append-audit-event.ts';
import { raiseFence } from '../chain-end.ts';
import type { Trx, TrxReader, UrgentCommitted, UrgentWriter } from '../schema.ts';
import { marked, signedLate } from './audit-marks.ts';
import { BoundedMutex } from './bounded-mutex.ts';
import { CatchUp, type Comparison, compareCaughtUp } from './catch-up.ts';
import { commitChange, isMarked } from './commit-change.ts';
import { type Beside, type IntendedChange, isRefusal } from './intended-change.ts';
import { type Looked, type OwedState, OwnChanges } from './own-changes.ts';
import {
  differences,
  needsSignature,
  resealed,
  signed,
  signedOrRestricting,
  unsigned,
  waiting,
} from './prepared-change.ts';
import { readHead, readPendingMarks } from './read-stored.ts';
import { put, type RowChange } from './tables.ts';
import {
  type CommittedChange,
  isReplaced,
  isSame,
  type RegistryView,
  refusedRow,
  type TrustedRegistry,
} from './trusted-registry.ts';

/** From the rows as they are to the rows as they shall be. Pure: it may be asked again. */
export type Plan = (registry: RegistryView) => readonly RowChange[];

const ATTEMPTS = 10;
const nothing: Beside = async () => {};

interface Opened {
  readonly registry: TrustedRegistry;
  readonly seal: RegistrySeal;
}

type Transact = <T>(work: (trx: Trx) => Promise<T>) => Promise<UrgentCommitted<T>>;

/**
 * The one way to change the registry: planned on trusted rows, signed by the registry key, and committed with
 * the new head and the audit event, all together or not at all (I10). What others committed meanwhile is taken over
 * first. `registry_refused` where the database is not as it was signed.
 *
 * An urgent change counts from the disk of one server on. Until standbys have it, it is owed: where a promotion has
 * lost it, it is committed again before any other change.
 *
 * Views follow in the turn in which the commit is known. One that fails keeps no other from following, and stands for
 * something that is true no longer: the process ends at once, and the next start builds all of them anew.
 */
export class RegistryChanges {
  readonly #writer: UrgentWriter;
  readonly #clock: Clock;
  readonly #gate: SinkGate;
  readonly #end: (failure: unknown) => void;
  readonly #own: OwnChanges;
  readonly #turns = new BoundedMutex();
  #opened: Opened | undefined;

  constructor(
    writer: UrgentWriter,
    clock: Clock,
    gate: SinkGate,
    told: (what: OwedState, event: AuditEvent) => void,
    end = endProcess,
  ) {
    this.#writer = writer;
    this.#clock = clock;
    this.#gate = gate;
    this.#end = end;
    this.#own = new OwnChanges(told);
  }

  readonly #inTurn: Transact = async (work) => ({
    result: await this.#writer.transaction(work),
    replicated: true,
  });
  readonly #urgently: Transact = (work) => this.#writer.urgently(work);

  /** What follows another registry that was open before follows no more. */
  open(registry: TrustedRegistry, seal: RegistrySeal): void {
    this.#opened = { registry, seal };
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /** Whether standbys have all that was changed, where commits wait for them. */
  get isReplicated(): boolean {
    return this.#own.isReplicated;
  }

  get view(): RegistryView {
    return this.#now().registry;
  }

  opened(): TrustedRegistry {
    return this.#now().registry;
  }

  /**
   * What `step` finds with no commit under way, and with all taken over that others committed. Nothing is found while
   * nobody knows what became of a change.
   */
  async compareExactly(step: Comparison): Promise<readonly RefusedRow[]> {
    await this.#settleDoubts();
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const found = await this.#writer.transaction((trx) =>
        compareCaughtUp(trx, this.beginCatchUp(), () => step(trx, this.#now().registry)),
      );
      if (this.#own.isInDoubt || !this.#own.isReplicated) return [];
      if (found) return found;
    }
    return [];
  }

  /**
   * Signed, in turn. Where the HSM cannot sign, what only restricts is written all the same; what does more is
   * told to an audit sink first.
   */
  change(event: AuditEvent, plan: Plan, beside: Beside = nothing): Promise<void> {
    return this.#turns.runExclusive(() =>
      this.#attempt(async () => {
        const { registry, seal } = this.#now();
        const { head } = registry;
        const changes = differences(registry, plan(registry));
        if (!unsigned(changes)) await this.#gate.confirm(event);
        const late = changes.length > 0 ? waiting(registry, changes) : [];
        const prepared = await signedOrRestricting(registry, changes, late, seal);
        const events = prepared.sealed && late.length > 0 ? [event, signedLate(late)] : [event];
        await this.#commit({ prepared, events, beside, head });
      }),
    );
  }

  /**
   * For an emergency: waits neither for the HSM, nor for changes that do, nor for standbys. Only what restricts. Where it
   * is not replicated, it is owed.
   */
  urgent(event: AuditEvent, plan: Plan, beside: Beside = nothing): Promise<void> {
    return this.#attempt(async () => {
      const { registry } = this.#now();
      const changes = differences(registry, plan(registry));
      const prepared = unsigned(changes);
      if (!prepared) throw needsSignature(changes);
      const { head } = registry;
      await this.#commit({ prepared, events: [event], beside, head }, this.#urgently);
    }, this.#urgently);
  }

  /** Signs what was written without a signature, and answers how many rows that was. */
  signPending(): Promise<number> {
    return this.#turns.runExclusive(() =>
      this.#attempt(async () => {
        const { registry, seal } = this.#now();
        const { head } = registry;
        const late = waiting(registry, []);
        if (late.length === 0) return 0;
        const prepared = await signed(registry, late, seal);
        await this.#commit({ prepared, events: [signedLate(late)], beside: nothing, head });
        return late.length;
      }),
    );
  }

  /** Signs every row anew by another registry key, with what the plan changes, and goes on with that key. */
  reseal(seal: RegistrySeal, event: AuditEvent, plan: Plan, beside: Beside): Promise<void> {
    return this.#turns.runExclusive(() =>
      this.#attempt(async () => {
        const { registry } = this.#now();
        const { head } = registry;
        const prepared = await resealed(registry, plan(registry), seal);
        await this.#gate.confirm(event);
        await this.#commit({ prepared, events: [event], beside, head });
        this.open(registry, seal);
      }),
    );
  }

  /** An urgent change may come in between, or one that somebody else committed; then the plan is made anew. */
  async #attempt<T>(work: () => Promise<T>, transact = this.#inTurn): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      // The commit of an urgent change looks itself after what is owed.
      if (transact === this.#inTurn || this.#own.isInDoubt) await this.#settleDoubts(transact);
      const { revision } = this.#now().registry;
      try {
        return await work();
      } catch (error) {
        if (error instanceof InDoubt && attempt < ATTEMPTS) continue;
        if (attempt === ATTEMPTS || !isRefusal(error)) throw error;
        if (this.#now().registry.revision === revision) await transact((trx) => this.#catchUpWithin(trx));
        if (this.#now().registry.revision === revision) throw error;
      }
    }
  }

  /** For whoever follows what other fronts commit. */
  beginCatchUp(): CatchUp {
    const opened = this.#now();
    return new CatchUp({
      registry: opened.registry,
      verifier: opened.seal,
      own: this.#own,
      isOpen: () => this.#opened === opened,
      apply: (change) => this.#apply(change),
    });
  }

  /** Takes over what other fronts committed before. `registry_refused`, `store_unavailable`. */
  async catchUp(reader: TrxReader): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const catchUp = this.beginCatchUp();
      if (catchUp.apply(await reader.read((trx) => catchUp.read(trx)))) return;
    }
  }

  /** `registry_refused`. */
  async #catchUpWithin(trx: Trx): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const catchUp = this.beginCatchUp();
      if (catchUp.apply(await catchUp.read(trx))) return;
    }
  }

  #apply(change: CommittedChange): void {
    try {
      this.#now().registry.apply(change);
    } catch (failure) {
      this.#end(failure);
    }
  }

  async #commit(intended: Omit<IntendedChange, 'traces'>, transact = this.#inTurn): Promise<void> {
    const { prepared } = intended;
    const change: IntendedChange = { ...intended, traces: [] };
    const commit = () =>
      transact(async (trx) => {
        // It was planned without a change that may have been made meanwhile, and that would be taken over after it.
        if (this.#own.isInDoubt) throw new InDoubt();
        const looked = await this.#look(trx);
        if (prepared.sealed) await refuseUnknownPending(trx, this.#now().registry);
        await this.#write(trx, change);
        return looked;
      });
    if (prepared.rows.length === 0) return this.#settleOwed(await commit());
    const isKnown = (failure: unknown) => isRefusal(failure) || failure instanceof InDoubt;
    const committed = await this.#own.during(change, commit, isKnown);
    this.#settleOwed(committed);
    if (!committed.replicated) this.#own.owe(change);
    if (!this.#own.isFollowed(change)) this.#apply(prepared);
  }

  async #write(trx: Trx, { prepared, events, beside, head, traces }: IntendedChange): Promise<void> {
    await commitChange(trx, prepared, head);
    if (prepared.rows.length > 0) raiseFence(trx);
    await beside(trx);
    let trace: ChainHead | undefined;
    for (const event of events) {
      trace = await appendAuditEvent(trx, marked(event, prepared), this.#clock.nowSeconds());
    }
    if (trace) traces.push(trace);
  }

  #look(trx: Trx): Promise<Looked> {
    const { registry } = this.#now();
    return this.#own.look(trx, {
      write: (within, change) => this.#write(within, change),
      isReplaced: (row) => isReplaced(registry.find(row.table, row.id), row),
    });
  }

  /**
   * Within a transaction of the writer: the database has no other head than this process knows of. That of another
   * front is taken over; `registry_refused` for any other.
   */
  async requireOwnHead(trx: Trx): Promise<void> {
    if (!this.#opened || (await this.#hasOwnHead(trx))) return;
    await this.#catchUpWithin(trx);
    if (!(await this.#hasOwnHead(trx))) throw refusedRow('registry_head', '1');
  }

  async #hasOwnHead(trx: Trx): Promise<boolean> {
    const known = [this.#now().registry.head, ...this.#own.possibleHeads];
    const found = await readHead(trx);
    return known.some((head) => head?.signature === found?.signature);
  }

  /** The next signed change gets a number past this one. */
  passVersion(version: number): void {
    this.#now().registry.passVersion(version);
  }

  /** Finds out what became of changes whose answer was lost; from then on `view` shows it. */
  async settle(): Promise<void> {
    if (this.#own.isInDoubt) await this.#settleDoubts();
  }

  /**
   * Of a change that another front stands in the way of, memory gets back the rows that the database has: it could not
   * follow that front otherwise. The change is ordered anew.
   */
  #settleOwed(looked: UrgentCommitted<Looked>): void {
    this.#own.settle(looked);
    const { registry } = this.#now();
    const rows = looked.result.undone.filter(({ table, id, after }) =>
      isSame(registry.find(table, id), after),
    );
    if (rows.length === 0) return;
    this.#apply({
      rows: rows.map(({ before, after, ...row }) => ({ ...row, before: after, after: before })),
      sealed: null,
    });
  }

  /** A writer that was lost in the middle may have committed, and a promotion may have lost what is owed: the database says. */
  async #settleDoubts(transact = this.#inTurn): Promise<void> {
    if (!this.#own.isInDoubt && this.#own.isReplicated) return;
    const looked = await transact((trx) => this.#look(trx));
    this.#settleOwed(looked);
    for (const { prepared } of this.#own.settleDoubts(looked)) this.#apply(prepared);
  }

  #now(): Opened {
    if (this.#opened) return this.#opened;
    throw new KeywardError('internal', 'The registry is not open yet.');
  }
}

/** While a change waited for its turn, another came into doubt. */
class InDoubt extends KeywardError {
  constructor() {
    super('store_unavailable', 'The store is not available now; try again shortly.', {
      retryAfterSeconds: 2,
    });
  }
}

/** Not in the promise of whoever asked for the change: it was made. */
function endProcess(failure: unknown): void {
  queueMicrotask(() => {
    throw failure;
  });
}

/**
 * A signed change takes in all that waits for its signature: what the trail tells of rows that wait is read no further
 * back than the last but one. `registry_refused` where another front has restricted a row meanwhile.
 */
async function refuseUnknownPending(trx: Trx, registry: TrustedRegistry): Promise<void> {
  for (const mark of (await readPendingMarks(trx)).values()) {
    const { table_name: table, row_id: id } = mark;
    if (!registry.isRefused(table, id) && !isMarked(mark, registry.find(table, id)))
      throw refusedRow(table, id);
  }
}

/** The change of an approved act marks its proposal executed in the same commit: so it is never made twice. */
export function settling({ approval }: Actor, plan: Plan): Plan {
  if (!approval) return plan;
  return (registry) => [...plan(registry), executed(registry, approval.proposalId)];
}

function executed(registry: RegistryView, id: string): RowChange {
  const row = registry.row('proposals', id);
  if (!row) throw unknownProposal();
  if (row.state !== 'executing') throw notOpen(row.state);
  return put('proposals', { ...row, state: 'executed' });
}
