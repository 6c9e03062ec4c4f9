import type { AuditEvent, SinkGate } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { RefusedRow, RegistrySeal } from '../../kernel/registry.ts';
import { appendAuditEvent } from '../append-audit-event.ts';
import { raiseFence } from '../chain-end.ts';
import type { Trx, TrxReader, UrgentCommitted, UrgentWriter } from '../schema.ts';
import { marked, signedLate } from './audit-marks.ts';
import { BoundedMutex } from './bounded-mutex.ts';
import { commitChange, withoutCommitted } from './commit-change.ts';
import {
  differences,
  needsSignature,
  resealed,
  signed,
  signedOrRestricting,
  unsigned,
  waiting,
} from './prepared-change.ts';
import { readHead, readStored, type StoredHead, type StoredRegistry } from './read-stored.ts';
import type { RowChange } from './tables.ts';
import {
  type CommittedChange,
  type PreparedChange,
  type RegistryView,
  refusedRow,
  type TrustedRegistry,
} from './trusted-registry.ts';
import { verifyStored } from './verify-stored.ts';

/** From the rows as they are to the rows as they shall be. Pure: it may be asked again. */
export type Plan = (registry: RegistryView) => readonly RowChange[];
/** What else commits with the change. */
export type Beside = (trx: Trx) => Promise<void>;

const ATTEMPTS = 10;
const nothing: Beside = async () => {};

/** All that one commit takes: it can be repeated. */
interface IntendedChange {
  readonly prepared: PreparedChange;
  readonly events: readonly AuditEvent[];
  readonly beside: Beside;
  /** Before it. */
  readonly head: StoredHead | null;
}

type Transact = <T>(work: (trx: Trx) => Promise<T>) => Promise<UrgentCommitted<T>>;

/** What one transaction found of changes that may be lost. */
interface Looked {
  readonly owed: readonly IntendedChange[];
  /** Of those. */
  readonly repeated: readonly IntendedChange[];
  readonly uncertain: readonly IntendedChange[];
  /** Of those. */
  readonly found: readonly IntendedChange[];
}

/** What becomes of a change that was acknowledged before standbys had it. */
export type OwedState = 'owed' | 'repeated' | 'replicated';

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
  readonly #told: (what: OwedState, event: AuditEvent) => void;
  readonly #turns = new BoundedMutex();
  /** Changes of which nobody knows whether they were committed. */
  #uncertain: IntendedChange[] = [];
  /** Changes that were seen on one server alone, in their order. */
  #owed: IntendedChange[] = [];
  #opened: { readonly registry: TrustedRegistry; readonly seal: RegistrySeal } | undefined;

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
    this.#told = told;
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
    return this.#owed.length === 0;
  }

  get view(): RegistryView {
    return this.#now().registry;
  }

  opened(): TrustedRegistry {
    return this.#now().registry;
  }

  /** With no commit under way. Nothing is found while nobody knows what became of one. */
  async compareExactly(
    step: (trx: Trx, registry: TrustedRegistry) => Promise<readonly RefusedRow[]>,
  ): Promise<readonly RefusedRow[]> {
    await this.#settleDoubts();
    const found = await this.#writer.transaction((trx) => step(trx, this.#now().registry));
    return this.#uncertain.length + this.#owed.length === 0 ? found : [];
  }

  /**
   * Signed, in turn. Where the HSM cannot sign, what only restricts is written all the same; what does more is
   * told to an audit sink first.
   */
  change(event: AuditEvent, plan: Plan, beside: Beside = nothing): Promise<void> {
    return this.#turns.runExclusive(() =>
      this.#attempt(async () => {
        const { registry, seal } = this.#now();
        const changes = differences(registry, plan(registry));
        if (!unsigned(changes)) await this.#gate.confirm(event);
        const late = changes.length > 0 ? waiting(registry, changes) : [];
        const prepared = await signedOrRestricting(registry, changes, late, seal);
        const events = prepared.sealed && late.length > 0 ? [event, signedLate(late)] : [event];
        await this.#commit(prepared, events, beside);
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
      await this.#commit(prepared, [event], beside, this.#urgently);
    }, this.#urgently);
  }

  /** Signs what was written without a signature, and answers how many rows that was. */
  signPending(): Promise<number> {
    return this.#turns.runExclusive(() =>
      this.#attempt(async () => {
        const { registry, seal } = this.#now();
        const late = waiting(registry, []);
        if (late.length === 0) return 0;
        const prepared = await signed(registry, late, seal);
        await this.#commit(prepared, [signedLate(late)], nothing);
        return late.length;
      }),
    );
  }

  /** Signs every row anew by another registry key, with what the plan changes, and goes on with that key. */
  reseal(seal: RegistrySeal, event: AuditEvent, plan: Plan, beside: Beside): Promise<void> {
    return this.#turns.runExclusive(() =>
      this.#attempt(async () => {
        const { registry } = this.#now();
        const prepared = await resealed(registry, plan(registry), seal);
        await this.#gate.confirm(event);
        await this.#commit(prepared, [event], beside);
        this.open(registry, seal);
      }),
    );
  }

  /** An urgent change may come in between, or one that somebody else committed; then the plan is made anew. */
  async #attempt<T>(work: () => Promise<T>, transact = this.#inTurn): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      // The commit of an urgent change looks itself after what is owed.
      if (transact === this.#inTurn || this.#uncertain.length > 0) await this.#settleDoubts(transact);
      const { revision } = this.#now().registry;
      try {
        return await work();
      } catch (error) {
        if (error instanceof InDoubt && attempt < ATTEMPTS) continue;
        if (attempt === ATTEMPTS || !isRefusal(error)) throw error;
        if (this.#now().registry.revision === revision && !(await this.catchUp())) throw error;
      }
    }
  }

  /**
   * Takes over what others committed, verified as at the start; answers whether there was anything. Only ever forward: an
   * older head changes nothing, and neither does a registry in which any row is refused that was not before.
   * `registry_refused`, `store_unavailable`.
   */
  async catchUp(from: TrxReader = { read: (work) => this.#writer.transaction(work) }): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const { registry, seal } = this.#now();
      const { revision } = registry;
      const stored = await from.read((trx) => readNewer(trx, registry.head));
      if (!stored) return false;
      const change = registry.changeTo(await verifyStored(stored, seal));
      if (registry.revision !== revision) continue;
      this.#apply(change);
      return true;
    }
    return false;
  }

  #apply(change: CommittedChange): void {
    try {
      this.#now().registry.apply(change);
    } catch (failure) {
      this.#end(failure);
    }
  }

  async #commit(
    prepared: PreparedChange,
    events: readonly AuditEvent[],
    beside: Beside,
    transact = this.#inTurn,
  ): Promise<void> {
    const change: IntendedChange = { prepared, events, beside, head: this.#now().registry.head };
    const isKept = prepared.rows.length > 0;
    let committed: UrgentCommitted<Looked>;
    try {
      committed = await transact(async (trx) => {
        // It was planned without a change that may have been made meanwhile, and that would be taken over after it.
        if (this.#uncertain.length > 0) throw new InDoubt();
        const looked = await this.#look(trx);
        await this.#write(trx, change);
        return looked;
      });
    } catch (error) {
      const isRefused = isRefusal(error) || error instanceof InDoubt;
      if (!isRefused && isKept) this.#uncertain.push(change);
      throw error;
    }
    this.#settle(committed);
    if (!isKept) return;
    if (!committed.replicated) this.#owe(change);
    this.#apply(prepared);
  }

  async #write(trx: Trx, { prepared, events, beside, head }: IntendedChange): Promise<void> {
    await commitChange(trx, prepared, head);
    if (prepared.rows.length > 0) raiseFence(trx);
    await beside(trx);
    for (const event of events)
      await appendAuditEvent(trx, marked(event, prepared), this.#clock.nowSeconds());
  }

  /** Looks what of the changes that may be lost is there, and commits anew what is owed. */
  async #look(trx: Trx): Promise<Looked> {
    const [owed, uncertain] = [this.#owed, this.#uncertain];
    const lost = await withoutCommitted(trx, [...owed, ...uncertain], ({ prepared }) => prepared);
    const repeated = owed.filter((change) => lost.includes(change));
    for (const change of repeated) await this.#write(trx, asRepetition(change));
    return { owed, repeated, uncertain, found: uncertain.filter((change) => !lost.includes(change)) };
  }

  #owe(change: IntendedChange): void {
    this.#owed = [...this.#owed, change];
    this.#tell('owed', [change]);
  }

  /** What standbys have, they have with all that was committed before it. */
  #settle({ result: { owed, repeated }, replicated }: UrgentCommitted<Looked>): void {
    this.#tell('repeated', repeated);
    if (!replicated) return;
    const settled = this.#owed.filter((change) => owed.includes(change));
    this.#owed = this.#owed.filter((change) => !owed.includes(change));
    this.#tell('replicated', settled);
  }

  #tell(what: OwedState, changes: readonly IntendedChange[]): void {
    for (const { events } of changes) for (const event of events) this.#told(what, event);
  }

  /** Within a transaction: `registry_refused` where the database has another head than this process knows of. */
  async requireOwnHead(trx: Trx): Promise<void> {
    if (!this.#opened) return;
    const known = [
      this.#opened.registry.head,
      ...this.#uncertain.map(({ prepared }) => prepared.sealed?.head),
    ];
    const found = await readHead(trx);
    if (!known.some((head) => head?.signature === found?.signature)) throw refusedRow('registry_head', '1');
  }

  /** The next signed change gets a number past this one. */
  passVersion(version: number): void {
    this.#now().registry.passVersion(version);
  }

  /** Finds out what became of changes whose answer was lost; from then on `view` shows it. */
  async settle(): Promise<void> {
    if (this.#uncertain.length > 0) await this.#settleDoubts();
  }

  /** A writer that was lost in the middle may have committed, and a promotion may have lost what is owed: the database says. */
  async #settleDoubts(transact = this.#inTurn): Promise<void> {
    if (this.#uncertain.length + this.#owed.length === 0) return;
    const looked = await transact((trx) => this.#look(trx));
    this.#settle(looked);
    const { uncertain, found } = looked.result;
    // Settled by another meanwhile: applied again, it would undo in memory what came after it.
    const known = uncertain.filter((change) => this.#uncertain.includes(change));
    this.#uncertain = this.#uncertain.filter((change) => !known.includes(change));
    for (const change of known) {
      if (!found.includes(change)) continue;
      if (!looked.replicated) this.#owe(change);
      this.#apply(change.prepared);
    }
  }

  #now() {
    if (this.#opened) return this.#opened;
    throw new KeywardError('internal', 'The registry is not open yet.');
  }
}

function asRepetition(change: IntendedChange): IntendedChange {
  const events = change.events.map((event) => ({ ...event, details: { ...event.details, repeated: true } }));
  return { ...change, events };
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

/** Undefined where the head is none that comes after the known one. */
async function readNewer(trx: Trx, known: StoredHead | null): Promise<StoredRegistry | undefined> {
  const head = await readHead(trx);
  return head && head.version > (known?.version ?? 0) ? await readStored(trx) : undefined;
}

function isRefusal(error: unknown): boolean {
  return error instanceof KeywardError && error.code === 'registry_refused';
}
