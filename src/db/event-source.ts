import type { Selectable } from 'kysely';
import type { SealedEvent } from '../kernel/audit.ts';
import { sealedFromRow } from './event-seals.ts';
import type { Schema, Trx } from './schema.ts';

export type EventRow = Selectable<Schema['audit_events']>;

/** Events read at once where one is asked for that is not at hand: those that follow are asked for next. */
const RUN_LENGTH = 64;
/** PostgreSQL and SQLite bound how many values a statement has. */
const VALUES_AT_A_TIME = 500;

/**
 * Rows of audit events between two sequences, both excluded; the caller adds what else they must fit, order and limit.
 * A row whose numbers cannot be read is no event's and is left out: it would fail the whole list.
 */
export function auditEvents(
  trx: Trx,
  {
    after = 0,
    before = Number.MAX_SAFE_INTEGER,
  }: Readonly<{ after?: number | undefined; before?: number | undefined }> = {},
) {
  return trx
    .selectFrom('audit_events')
    .selectAll()
    .where('sequence', '>', after)
    .where('sequence', '<', before)
    .where('time', '>=', 0)
    .where('time', '<=', Number.MAX_SAFE_INTEGER);
}

/** The rows of these sequences, in no order; a sequence without a row is passed over. */
export async function auditEventsAt(trx: Trx, sequences: Iterable<number>): Promise<EventRow[]> {
  const wanted = [...new Set(sequences)];
  const rows: EventRow[] = [];
  for (let at = 0; at < wanted.length; at += VALUES_AT_A_TIME) {
    const some = wanted.slice(at, at + VALUES_AT_A_TIME);
    rows.push(...(await auditEvents(trx).where('sequence', 'in', some).execute()));
  }
  return rows;
}

/** The audit events that judgements ask for: those at hand, and others read a few at a time. */
export class EventSource {
  readonly #trx: Trx;
  readonly #atHand: Map<number, SealedEvent>;
  #run: { readonly from: number; readonly events: ReadonlyMap<number, SealedEvent> } | undefined;

  constructor(trx: Trx, rows: readonly EventRow[]) {
    this.#trx = trx;
    this.#atHand = bySequence(rows);
  }

  /** Has these at hand, too. */
  async prepare(sequences: readonly number[]): Promise<void> {
    const missing = sequences.filter((sequence) => !this.#atHand.has(sequence));
    const found = bySequence(await auditEventsAt(this.#trx, missing));
    for (const [sequence, event] of found) this.#atHand.set(sequence, event);
  }

  async at(sequence: number): Promise<SealedEvent | undefined> {
    return this.#atHand.get(sequence) ?? (await this.#runWith(sequence)).get(sequence);
  }

  async #runWith(sequence: number): Promise<ReadonlyMap<number, SealedEvent>> {
    const run = this.#run;
    if (run && run.from <= sequence && sequence < run.from + RUN_LENGTH) return run.events;
    const rows = auditEvents(this.#trx, { after: sequence - 1, before: sequence + RUN_LENGTH });
    const events = bySequence(await rows.execute());
    this.#run = { from: sequence, events };
    return events;
  }
}

function bySequence(rows: readonly EventRow[]): Map<number, SealedEvent> {
  return new Map(rows.map((row) => [row.sequence, sealedFromRow(row)]));
}
