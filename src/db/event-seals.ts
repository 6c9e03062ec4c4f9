import type { DatabaseSync } from 'node:sqlite';
import type { Selectable } from 'kysely';
import type { SealedEvent, StoredEvent } from '../kernel/audit.ts';
import {
  AUDIT_GENESIS,
  auditEventHash,
  type BrokenChain,
  type ChainHead,
  type RunPublicKey,
  TrustedRuns,
} from '../kernel/audit-chain.ts';
import { RecentSet } from '../lib/recent-set.ts';
import type { Schema } from './schema.ts';
import { Statements } from './sqlite/statements.ts';

export function eventFromRow(row: Selectable<Schema['audit_events']>): StoredEvent {
  const { request_id: requestId, trace_id: traceId, details_json: detailsJson } = row;
  const { sequence, time, type, actor, subject, hash } = row;
  return { sequence, time, type, actor, subject, requestId, traceId, detailsJson, hash };
}

export function sealedFromRow(row: Selectable<Schema['audit_events']>): SealedEvent {
  return { ...eventFromRow(row), runId: row.run_id, seal: row.seal };
}

/** What stands behind the audit events of earlier runs; plain data, for every thread that reads them. */
export interface EventTrust {
  /** Runs that the audit key certified. */
  readonly runs: readonly RunPublicKey[];
  /** The last event that a checkpoint, a sink or a seal stood for at the start: all events up to it follow from each other. */
  readonly reach: ChainHead;
}

/** The SQL function: whether something stands behind the audit event of that sequence, as its row is now. */
export const IS_VOUCHED = 'is_vouched';

const KNOWN_HASHES = 50_000;
const TOLD_PLACES = 1_000;

/**
 * Judges audit events where a query meets them. An event counts if its row gives its hash, and a run of the service
 * sealed that hash or one that follows from it. Whoever writes to the database can make neither.
 */
export class EventSeals {
  readonly #own: readonly RunPublicKey[];
  readonly #isDirect: boolean;
  readonly #onBroken: (broken: BrokenChain) => void;
  readonly #statements = new Statements({ event: 'SELECT * FROM audit_events WHERE sequence = ?' });
  readonly #told = new RecentSet(TOLD_PLACES);
  /** Hashes that a seal was seen to stand for. */
  #known = new RecentSet(KNOWN_HASHES);
  #runs: TrustedRuns;
  #reach: ChainHead = AUDIT_GENESIS;

  /** With `isDirect`, a seal counts for its own event alone: for who knows nothing of unwitnessed ranges. */
  constructor(
    own: readonly RunPublicKey[],
    onBroken: (broken: BrokenChain) => void = () => {},
    { isDirect = false } = {},
  ) {
    this.#own = own;
    this.#isDirect = isDirect;
    this.#runs = new TrustedRuns(own);
    this.#onBroken = onBroken;
  }

  /** Until then only what was sealed by the runs that it began with counts. */
  trust({ runs, reach }: EventTrust): void {
    this.#known = new RecentSet(KNOWN_HASHES);
    this.#runs = new TrustedRuns([...runs, ...this.#own]);
    this.#reach = reach;
  }

  /** Adds the function to a connection. */
  bind(db: DatabaseSync): void {
    const { event } = this.#statements.of(db);
    const eventAt = (sequence: number) => {
      const row = event.get(sequence);
      return row && sealedFromRow(row as unknown as Parameters<typeof sealedFromRow>[0]);
    };
    db.function(IS_VOUCHED, { useBigIntArguments: true }, (sequence) =>
      this.#isVouched(eventAt, Number(sequence)) ? 1 : 0,
    );
  }

  #isVouched(eventAt: (sequence: number) => SealedEvent | undefined, sequence: number): boolean {
    const passed: string[] = [];
    let before = hashBefore(eventAt, sequence);
    for (let at = sequence; ; at += 1) {
      const event = before && readable(() => eventAt(at));
      if (!before || !event || !isHashed(before, event)) return this.#refuse(sequence, at);
      const hash = Buffer.from(event.hash).toString('base64url');
      passed.push(hash);
      const isReached = at === this.#reach.sequence && Buffer.compare(event.hash, this.#reach.hash) === 0;
      if (isReached || this.#known.has(hash) || this.#runs.haveSealed('audit', event)) break;
      if (this.#isDirect) return false;
      before = event.hash;
    }
    for (const hash of passed) this.#known.add(hash);
    return true;
  }

  #refuse(sequence: number, at: number): false {
    const place = `event ${sequence}`;
    if (!this.#told.has(place)) {
      this.#told.add(place);
      const why =
        at === sequence
          ? 'its content and the event before it do not give its hash'
          : `no run of the service sealed it, and event ${at} does not follow`;
      this.#onBroken({ place, why: `${why}: it counts for nothing` });
    }
    return false;
  }
}

function hashBefore(
  eventAt: (sequence: number) => SealedEvent | undefined,
  sequence: number,
): Uint8Array | undefined {
  if (sequence === 1) return AUDIT_GENESIS.hash;
  return readable(() => eventAt(sequence - 1))?.hash;
}

function isHashed(before: Uint8Array, event: SealedEvent): boolean {
  return readable(() => auditEventHash(before, event).equals(event.hash)) ?? false;
}

/** Undefined for a row that holds what no event can; what SQLite reports is thrown. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SQLITE_ERROR') throw error;
    return undefined;
  }
}
