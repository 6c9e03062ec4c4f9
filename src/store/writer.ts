import { Kysely, type Transaction } from 'kysely';
import type { RecordAppender } from '../domain/append.ts';
import type { Clock } from '../domain/clock.ts';
import { KeywardError } from '../domain/errors.ts';
import type { IssuanceRecord } from '../domain/ledger.ts';
import { compileLedgerStatements } from './ledger-statements.ts';
import { RecordGroup } from './record-group.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import type { StoreEvent } from './store-event.ts';
import { WriteHealth } from './write-health.ts';
import { WriterLink } from './writer-link.ts';
import type { Durability, FileIdentity } from './writer-protocol.ts';

/** Rows in one commit at most: it bounds how long whatever is queued behind them waits. */
const GROUP_LIMIT = 1_024;
/** Changes that may wait; apart from the records, so that a flood of tokens cannot lock an operator out. */
const CHANGE_LIMIT = 256;
const DEADLINE_MS = 10_000;

export interface WriterOptions {
  readonly file: string;
  readonly identity: FileIdentity;
  /** Records that may wait, those under way included. */
  readonly queueLimit: number;
  readonly clock: Clock;
  readonly onEvent: (event: StoreEvent) => void;
  /** Past it, the thread is given up and another takes its place. */
  readonly deadlineMs?: number;
}

/** The only way to write. Whatever is handed in first commits first, records and changes alike. */
export class Writer implements RecordAppender {
  readonly #link: WriterLink;
  readonly #db: Kysely<Schema>;
  readonly #health: WriteHealth;
  readonly #queueLimit: number;
  readonly #clock: Clock;
  readonly #queue: (RecordGroup | (() => Promise<void>))[] = [];
  #records = 0;
  #changes = 0;
  #running = false;
  #idle: Promise<void> = Promise.resolve();
  #closing = false;

  constructor({ file, identity, queueLimit, clock, onEvent, deadlineMs = DEADLINE_MS }: WriterOptions) {
    this.#link = new WriterLink({ file, identity, statements: compileLedgerStatements() }, deadlineMs);
    this.#db = new Kysely<Schema>({ dialect: sqliteDialect(() => this.#link.session()) });
    this.#health = new WriteHealth(onEvent);
    this.#queueLimit = queueLimit;
    this.#clock = clock;
  }

  /** Records that are not durable yet. */
  get queuedRecords(): number {
    return this.#records;
  }

  /** Records that arrive while a commit is under way form the next one. */
  async append(record: IssuanceRecord): Promise<void> {
    this.#admit(this.#records, this.#queueLimit);
    this.#records += 1;
    const durable = this.#openGroup().add(record);
    this.#wake();
    await durable;
  }

  /**
   * Lends the write connection for one transaction, which commits when `work` resolves and is rolled back when
   * it rejects. `store_unavailable`, `overloaded`, `shutting_down`; a `KeywardError` of `work` passes through.
   */
  async transaction<T>(work: (trx: Transaction<Schema>) => Promise<T>): Promise<T> {
    return await this.#change(() => this.#db.transaction().execute(work));
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

  async #change<T>(work: () => Promise<T>): Promise<T> {
    this.#admit(this.#changes, CHANGE_LIMIT);
    this.#changes += 1;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#queue.push(async () => {
      try {
        resolve(await this.#health.watch(work));
      } catch (error) {
        reject(error);
      }
      this.#changes -= 1;
    });
    this.#wake();
    return await promise;
  }

  async #commit(group: RecordGroup): Promise<void> {
    try {
      group.settle(
        await this.#health.watch(() =>
          this.#link.thread().call('append', group.pack(this.#clock.nowSeconds())),
        ),
      );
    } catch (error) {
      group.fail(error);
    }
    this.#records -= group.size;
  }

  #openGroup(): RecordGroup {
    const last = this.#queue.at(-1);
    if (last instanceof RecordGroup && last.size < GROUP_LIMIT) return last;
    const group = new RecordGroup();
    this.#queue.push(group);
    return group;
  }

  #admit(waiting: number, limit: number): void {
    if (this.#closing) throw new KeywardError('shutting_down', 'The service is shutting down.');
    if (waiting < limit) return;
    throw new KeywardError('overloaded', 'Too many writes wait; try again shortly.', {
      retryAfterSeconds: 1,
    });
  }

  /** After the turn of the event loop, so that all records of one turn share one message and one commit. */
  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    this.#idle = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      await (next instanceof RecordGroup ? this.#commit(next) : next());
    }
    this.#running = false;
  }
}
