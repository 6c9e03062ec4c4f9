import { Kysely } from 'kysely';
import type { ChainHead, RunKey } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { IssuanceRecord, Recording } from '../kernel/issuance.ts';
import { MOST_ROWS } from '../kernel/ledger-chain.ts';
import type { RecordAppender } from '../kernel/ledger-search.ts';
import { Emitter } from '../lib/emitter.ts';
import {
  ChainEnd,
  type CommitOutcome,
  lendMemory,
  type PeerEnds,
  SharedEnd,
  type WriterMemory,
} from './chain-end.ts';
import type { Engine } from './engine.ts';
import { EventSeals, type EventTrust } from './event-seals.ts';
import { StoreFailure, unknownRunIn } from './failure.ts';
import type { LedgerMark } from './ledger-mark.ts';
import { lendProof, type ReadProof } from './proven-reads.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Schema, Trx, UrgentCommitted, UrgentWriter } from './schema.ts';
import { sessionDialect } from './session-dialect.ts';
import type { CommitCourse, Committed, RaisedFence } from './thread-session.ts';
import { lendRanges, type UnwitnessedRanges } from './unwitnessed.ts';
import { UrgentWaiting } from './urgent-waiting.ts';
import { type StoreEvent, WriteHealth } from './write-health.ts';
import { RecordGroup, WriterLink } from './writer-link.ts';
import type { Durability, RowFailure } from './writer-protocol.ts';

/** Changes that may wait; apart from the records, so that a flood of tokens cannot lock an operator out. */
const CHANGE_LIMIT = 256;
const DEADLINE_MS = 10_000;
/** Once records have waited so long for a commit to end, those who come are refused. */
const MOST_WAIT_MS = 1_000;
/** So often a group is sent again once what others did was taken over. */
const ATTEMPTS = 10;

export interface WriterPeers extends PeerEnds {
  readonly runs: Pick<RunDirectory, 'find'>;
  readonly proof: ReadProof;
}

export interface WriterOptions {
  readonly engine: Pick<Engine, 'language' | 'writing'>;
  /** Records that may wait, those under way included. */
  readonly queueLimit: number;
  readonly clock: Clock;
  /** Seals what this writer appends. */
  readonly run: RunKey;
  readonly unwitnessed: UnwitnessedRanges;
  readonly onEvent: (event: StoreEvent) => void;
  /** The runs of other fronts; absent where nobody else writes to the database. */
  readonly peers?: WriterPeers | undefined;
  /** Where each end of the ledger is kept before anybody hears of the group. */
  readonly mark?: Pick<LedgerMark, 'place' | 'record' | 'acknowledge'> | undefined;
  /** Past it, the thread is given up and another takes its place. */
  readonly deadlineMs?: number;
}

/** The only way to write. What is handed in first commits first, records and changes alike, but for what is urgent. */
export class Writer implements RecordAppender, UrgentWriter {
  readonly #link: WriterLink;
  readonly #db: Kysely<Schema>;
  readonly #health: WriteHealth;
  readonly #queueLimit: number;
  readonly #clock: Clock;
  readonly #memory: WriterMemory;
  readonly #unwitnessed: UnwitnessedRanges;
  readonly #mark: WriterOptions['mark'];
  /** Tells nobody: a change may read before it is known what to trust. */
  readonly #seals: EventSeals;
  readonly #queue: (RecordGroup | (() => Promise<void>))[] = [];
  /** The last group, as far as it is known; undefined until then. */
  #ledgerEnd: ChainHead | undefined;
  readonly sharedEnd = new SharedEnd();
  readonly #onEvent: (event: StoreEvent) => void;
  #isForeignTold = false;
  /** A change was committed that a checkpoint should cover at once. */
  readonly checkpointWanted = new Emitter<null>();
  readonly #urgent = new UrgentWaiting();
  readonly #runs: Pick<RunDirectory, 'find'> | undefined;
  readonly #proof: ReadProof | undefined;
  /** Up to where memory has what fronts restricted. Before the first look nobody knows, and nothing is recorded. */
  #fence = 0;
  #follow: () => Promise<void> = async () => {};
  /** Of the transaction under way. */
  #commit = new Commit(false);
  #records = 0;
  #changes = 0;
  #running = false;
  #idle: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(options: WriterOptions) {
    const { engine, queueLimit, clock, run, unwitnessed, onEvent, peers, deadlineMs = DEADLINE_MS } = options;
    const settings = { run, mark: options.mark?.place, urgent: this.#urgent.memory };
    this.#link = new WriterLink(engine.writing, settings, deadlineMs);
    this.#db = new Kysely<Schema>({
      dialect: sessionDialect(engine.language, () => this.#link.session(this.#commit)),
    });
    this.#health = new WriteHealth(onEvent);
    this.#queueLimit = queueLimit;
    this.#clock = clock;
    this.#memory = {
      wantsCheckpoint: false,
      run,
      audit: new ChainEnd(),
      revocations: new ChainEnd(),
      lastRevocation: 0,
      raisesFence: false,
      peers,
    };
    this.#runs = peers?.runs;
    this.#proof = peers?.proof;
    this.#onEvent = onEvent;
    this.#unwitnessed = unwitnessed;
    this.#mark = options.mark;
    this.#seals = new EventSeals([run], undefined, peers?.runs);
  }

  /** Records that are not durable yet. */
  get queuedRecords(): number {
    return this.#records;
  }

  get ledgerEnd(): ChainHead | undefined {
    return this.#ledgerEnd;
  }

  /** The last audit event that is known to be committed; undefined before any is. */
  get auditEnd(): ChainHead | undefined {
    return this.#memory.audit.head;
  }

  /** Whether the database has ever shown another end of the trail than this process left: nothing is changed any more. */
  get hasForeignTrail(): boolean {
    return this.#memory.audit.isForeign;
  }

  /** Groups are appended to that end alone. `store_unavailable`. */
  expectLedgerEnd(end: ChainHead): void {
    this.#mark?.record(end, this.#clock.nowSeconds());
    this.#goOnBehind(end);
  }

  /** `follow`: takes over what other fronts have committed. */
  followBy(follow: () => Promise<void>): void {
    this.#follow = follow;
  }

  /** Memory has all that the database had with that number of the fence. */
  passFence(number: number): void {
    this.#fence = number;
  }

  /** Records that arrive while a commit is under way form the next one. */
  async append(record: IssuanceRecord, { span, stands }: Recording = {}): Promise<void> {
    this.#admit(this.#records, this.#queueLimit);
    this.#refuseLate();
    this.#records += 1;
    const durable = this.#openGroup().add(record, { waiting: span?.begin('wait_for_writer'), stands });
    this.#wake();
    await durable;
  }

  /**
   * Lends the write connection for one transaction, which commits when `work` resolves and is rolled back when
   * it rejects. `store_unavailable`, `overloaded`, `shutting_down`; a `KeywardError` of `work` passes through.
   */
  async transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return await this.#change(() => this.#lend(work));
  }

  /** Never before records that were there: what restricts their key is committed behind them. Never `overloaded`. */
  async urgently<T>(work: (trx: Trx) => Promise<T>): Promise<UrgentCommitted<T>> {
    this.#admit(0, CHANGE_LIMIT);
    const commit = new Commit(true);
    const lent = async () => {
      const result = await this.#lend(work, commit);
      return { result, replicated: commit.isReplicated };
    };
    const watched = () => this.#health.watch(lent, ({ replicated }) => replicated);
    return await this.#urgent.during(() => this.#inTurn(watched, (turn) => this.#overtake(turn)));
  }

  /** For what its transactions read of the audit trail. */
  trustEvents(trust: EventTrust): void {
    this.#seals.trust(trust);
  }

  async durability(): Promise<Durability> {
    return await this.#change(() => this.#link.thread().call('durability', null));
  }

  /** Finishes what is queued, then closes; what comes later is refused. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#idle;
    await this.#link.stop();
  }

  async #lend<T>(work: (trx: Trx) => Promise<T>, commit = new Commit(false)): Promise<T> {
    let isDone = false;
    this.#commit = commit;
    this.#memory.raisesFence = false;
    try {
      const result = await this.#db.transaction().execute(async (trx) => {
        lendMemory(trx, this.#memory);
        lendRanges(trx, this.#unwitnessed, this.#seals);
        // An emergency waits for no standby.
        if (!commit.isUrgent) lendProof(trx, this.#proof);
        const answer = await work(trx);
        commit.raisesFence = this.#memory.raisesFence;
        isDone = true;
        return answer;
      });
      this.#settle(commit.isReplicated ? 'committed' : 'unknown');
      // Where others raised it in between, memory lacks what they restricted.
      if (commit.fence?.former === this.#fence) this.#fence = commit.fence.number;
      return result;
    } catch (error) {
      this.#settle(isDone ? 'unknown' : 'rolled_back');
      this.#tellOfForeignEnd();
      throw error;
    }
  }

  #settle(outcome: CommitOutcome): void {
    const isWanted = this.#memory.wantsCheckpoint && outcome !== 'rolled_back';
    this.#memory.wantsCheckpoint = false;
    if (isWanted) this.checkpointWanted.emit(null);
    for (const end of [this.#memory.audit, this.#memory.revocations]) end.settle(outcome);
  }

  #tellOfForeignEnd(): void {
    if (!this.hasForeignTrail || this.#isForeignTold) return;
    this.#isForeignTold = true;
    this.#onEvent({ name: 'audit_trail_changed' });
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    this.#admit(this.#changes, CHANGE_LIMIT);
    return this.#inTurn(
      () => this.#health.watch(work),
      (turn) => this.#queue.push(turn),
    );
  }

  async #inTurn<T>(work: () => Promise<T>, enqueue: (turn: () => Promise<void>) => void): Promise<T> {
    this.#changes += 1;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    enqueue(async () => {
      try {
        resolve(await work());
      } catch (error) {
        reject(error);
      }
      this.#changes -= 1;
    });
    this.#wake();
    return await promise;
  }

  /** All records go first, in as few commits as can be, and then the urgent change: other changes do not hold it up. */
  #overtake(turn: () => Promise<void>): void {
    const waiting = this.#queue.splice(0);
    const isGroup = (each: (typeof waiting)[number]) => each instanceof RecordGroup;
    const groups = joined(waiting.filter(isGroup));
    this.#queue.push(...groups, turn, ...waiting.filter((each) => !isGroup(each)));
  }

  async #record(group: RecordGroup): Promise<void> {
    const { size } = group;
    try {
      group.settle(await this.#health.watch(() => this.#appendGroup(group)));
    } catch (error) {
      group.fail(error);
    }
    this.#records -= size;
  }

  /** What other fronts did meanwhile is taken over first; of the group, what does not stand any more is left out then. */
  async #appendGroup(group: RecordGroup): Promise<readonly RowFailure[]> {
    // Followed while it waited: nobody would refuse it for that any more.
    if (group.fence !== this.#fence) group.leaveOutFallen();
    for (let attempt = 1; group.size > 0; attempt += 1) {
      try {
        return await this.#appendOnce(group);
      } catch (error) {
        if (attempt === ATTEMPTS || !(await this.#hasCaughtUp(error))) throw error;
        group.leaveOutFallen();
      }
    }
    return [];
  }

  async #appendOnce(group: RecordGroup): Promise<readonly RowFailure[]> {
    const at = this.#clock.nowSeconds();
    const asks = { batch: group.pack(at), end: this.#ledgerEnd, fence: this.#fence };
    const appended = await this.#link.thread().call('append', asks);
    this.#goOnBehind(appended.end);
    this.#mark?.acknowledge(appended.end, at);
    return appended.failures;
  }

  async #hasCaughtUp(error: unknown): Promise<boolean> {
    const id = unknownRunIn(error);
    if (id !== undefined) await this.#judge(id);
    else if (error instanceof StoreFailure && error.condition === 'fenced') await this.#followFence();
    else return false;
    return true;
  }

  async #followFence(): Promise<void> {
    this.#onEvent({ name: 'group_fenced' });
    await this.#follow();
  }

  async #judge(id: string): Promise<void> {
    const run = (await this.#runs?.find(id)) ?? null;
    await this.#link.thread().call('judged', { id, run });
  }

  #goOnBehind(end: ChainHead): void {
    this.#ledgerEnd = end;
    this.sharedEnd.acknowledge(end.sequence);
  }

  #openGroup(): RecordGroup {
    const last = this.#queue.at(-1);
    if (last instanceof RecordGroup && last.size < MOST_ROWS) return last;
    const group = new RecordGroup(this.#fence);
    this.#queue.push(group);
    return group;
  }

  #admit(waiting: number, limit: number): void {
    if (this.#closing) throw new KeywardError('shutting_down', 'The service is shutting down.');
    if (waiting < limit) return;
    throw tooMany('Too many writes wait; try again shortly.');
  }

  /** Records that wait long for the commit before theirs say that the disk cannot keep up. */
  #refuseLate(): void {
    const oldest = this.#queue.find((each) => each instanceof RecordGroup);
    if (!oldest || performance.now() - oldest.openedAt <= MOST_WAIT_MS) return;
    throw tooMany('Records wait too long to be written; try again shortly.');
  }

  /** After the turn of the event loop, so that all records of one turn share one message and one commit. */
  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    this.#idle = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      await (next instanceof RecordGroup ? this.#record(next) : next());
    }
    this.#running = false;
  }
}

/** How one transaction commits, and what became of it. */
class Commit implements CommitCourse {
  readonly isUrgent: boolean;
  raisesFence = false;
  isReplicated = false;
  fence: RaisedFence | null = null;

  constructor(urgent: boolean) {
    this.isUrgent = urgent;
  }

  how() {
    return { urgent: this.isUrgent, raisesFence: this.raisesFence };
  }

  done({ isReplicated, fence }: Committed): void {
    this.isReplicated = isReplicated;
    this.fence = fence;
  }
}

function joined(groups: readonly RecordGroup[]): readonly RecordGroup[] {
  const fewer: RecordGroup[] = [];
  for (const group of groups) {
    const last = fewer.at(-1);
    if (last && last.size + group.size <= MOST_ROWS) last.absorb(group);
    else fewer.push(group);
  }
  return fewer;
}

function tooMany(message: string): KeywardError {
  return new KeywardError('overloaded', message, { retryAfterSeconds: 1 });
}
