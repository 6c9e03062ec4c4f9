import {
  CONFIRMED_UNWITNESSED,
  type EventRange,
  openRanges,
  UNWITNESSED,
  UNWITNESSED_SUBJECT,
} from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { EventSeals } from './event-seals.ts';
import { auditEvents, type EventRow, EventSource } from './event-source.ts';
import type { Trx } from './schema.ts';

/** The ranges as they are known to this process: what reads facts from the trail passes them over. */
export class UnwitnessedRanges {
  #ranges: readonly EventRange[] = [];

  get list(): readonly EventRange[] {
    return this.#ranges;
  }

  set(ranges: readonly EventRange[]): void {
    this.#ranges = ranges;
  }
}

interface Lent {
  readonly ranges: UnwitnessedRanges;
  readonly seals: EventSeals | undefined;
}

const lent = new WeakMap<Trx, Lent>();

/** For whoever lends a transaction: what it reads passes over these. Without `seals`, all else counts. */
export function lendRanges(trx: Trx, ranges: UnwitnessedRanges, seals?: EventSeals): void {
  lent.set(trx, { ranges, seals });
}

/**
 * Of audit events read in that transaction those that count, in the same order: they lie outside of all ranges that it
 * passes over, and `EventSeals` finds something behind them.
 */
export async function witnessed(trx: Trx, rows: readonly EventRow[]): Promise<EventRow[]> {
  const ranges = lent.get(trx)?.ranges.list ?? [];
  const isPassedOver = ({ sequence }: EventRow) =>
    ranges.some(({ from, to }) => from <= sequence && sequence <= to);
  return await vouchedFor(
    trx,
    rows.filter((row) => !isPassedOver(row)),
  );
}

/** The same but for the ranges, which are read by it. */
async function vouchedFor(trx: Trx, rows: readonly EventRow[]): Promise<EventRow[]> {
  const seals = lent.get(trx)?.seals;
  if (!seals) return [...rows];
  const source = new EventSource(trx, rows);
  await source.prepare(rows.filter(({ hash }) => !seals.knows(hash)).map(({ sequence }) => sequence - 1));
  const kept: EventRow[] = [];
  for (const row of rows) {
    if (await seals.isVouched((sequence) => source.at(sequence), row.sequence)) kept.push(row);
  }
  return kept;
}

/** Where no service says which these are: by what the trail alone tells. */
export async function lendRecordedRanges(trx: Trx): Promise<void> {
  const ranges = new UnwitnessedRanges();
  ranges.set(await readOpenRanges(trx));
  lendRanges(trx, ranges);
}

/** By what the trail alone tells, beside the one that was found at this start. */
export async function readOpenRanges(trx: Trx, found?: EventRange): Promise<readonly EventRange[]> {
  return openRanges(await readTold(trx, [UNWITNESSED, CONFIRMED_UNWITNESSED], 0), found);
}

/** What was confirmed behind that event of the trail. */
export async function readConfirmations(trx: Trx, after: number) {
  return await readTold(trx, [CONFIRMED_UNWITNESSED], after);
}

async function readTold(trx: Trx, types: readonly string[], after: number) {
  const events = await auditEvents(trx, { after })
    .where('subject', '=', UNWITNESSED_SUBJECT)
    .where('type', 'in', types)
    .orderBy('sequence')
    .execute();
  return (await vouchedFor(trx, events)).map(({ sequence, type, details_json }) => ({
    sequence,
    type,
    details: auditDetailsIn(details_json),
  }));
}
