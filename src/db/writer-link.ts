import { KeywardError } from '../kernel/errors.ts';
import { type IssuanceRecord, Superseded, WRITTEN_JTI_LENGTH } from '../kernel/issuance.ts';
import type { Span } from '../kernel/trace.ts';
import { CallLink } from './call-link.ts';
import type { ThreadEntry } from './engine.ts';
import { StoreFailure } from './failure.ts';
import { packRecords, type RecordBatch } from './record-batch.ts';
import type { Session } from './session-dialect.ts';
import { type CommitCourse, threadSession } from './thread-session.ts';
import type { RowFailure, WriterCalls, WriterSettings } from './writer-protocol.ts';

/** The writer's thread, also as the session of one transaction. */
export class WriterLink extends CallLink<WriterCalls> {
  constructor({ entry, settings: own }: ThreadEntry, settings: WriterSettings, deadlineMs: number) {
    super({ entry, settings: { ...own, ...settings }, deadlineMs });
  }

  session(course: CommitCourse): Session {
    return threadSession(this.thread(), course);
  }
}

interface Row {
  readonly record: IssuanceRecord;
  /** Until the group is handed over. */
  readonly waiting: Span | undefined;
  readonly stands: (() => boolean) | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** Records that will share one commit, each with the promise of whoever waits for it. */
export class RecordGroup {
  readonly #rows: Row[] = [];
  /** Monotonic milliseconds. */
  readonly openedAt = performance.now();
  /** The number that memory had up to then. */
  readonly fence: number;

  constructor(fence: number) {
    this.fence = fence;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** Takes over the records of another, which has none then. */
  absorb(other: RecordGroup): void {
    this.#rows.push(...other.#rows.splice(0));
  }

  add(record: IssuanceRecord, { waiting, stands }: Pick<Row, 'waiting' | 'stands'>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#rows.push({ record, waiting, stands, resolve, reject });
    });
  }

  /** `Superseded` for each record of a token that must not be released any more. */
  leaveOutFallen(): void {
    const [fallen, standing] = [[] as Row[], [] as Row[]];
    for (const row of this.#rows) (row.stands?.() === false ? fallen : standing).push(row);
    this.#rows.splice(0, this.#rows.length, ...standing);
    for (const { reject } of fallen) reject(new Superseded());
  }

  pack(committedAt: number): RecordBatch {
    for (const { waiting } of this.#rows) waiting?.end();
    return packRecords(
      this.#rows.map((row) => row.record),
      committedAt,
    );
  }

  /** The group is durable, but for the rows named. */
  settle(failures: readonly RowFailure[]): void {
    for (const { index, failure } of failures) {
      const row = this.#rows[index];
      row?.reject(refused(row.record, new StoreFailure(failure)));
    }
    for (const row of this.#rows) row.resolve();
  }

  fail(error: unknown): void {
    for (const row of this.#rows) row.reject(error);
  }
}

/** A `jti` that Keyward wrote is never the other of two; a caller's own is held apart by an index of its own. */
function refused({ jti }: IssuanceRecord, cause: StoreFailure): KeywardError {
  if (cause.row === 'not_unique' && jti.length > WRITTEN_JTI_LENGTH) {
    return new KeywardError('jti_used', 'claims.jti: this scope has a token of that jti; use a new one', {
      cause,
    });
  }
  return new KeywardError('internal', 'The record was refused.', { cause });
}
