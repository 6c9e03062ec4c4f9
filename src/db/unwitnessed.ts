import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import {
  CONFIRMED_UNWITNESSED,
  type EventRange,
  openRanges,
  UNWITNESSED,
  UNWITNESSED_SUBJECT,
} from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { IS_VOUCHED } from './event-seals.ts';
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
  /** Whether the connection has the function of `EventSeals`. */
  readonly verifiesSeals: boolean;
}

const lent = new WeakMap<Trx, Lent>();

/** For whoever lends a transaction: what it reads passes over these. */
export function lendRanges(trx: Trx, ranges: UnwitnessedRanges, verifiesSeals: boolean): void {
  lent.set(trx, { ranges, verifiesSeals });
}

/**
 * Whether an audit event at that place counts: it lies outside of all ranges that the transaction passes over, and
 * `EventSeals` finds something behind it.
 */
export function isWitnessed(trx: Trx, place: Expression<number>): RawBuilder<SqlBool> {
  const ranges = lent.get(trx)?.ranges.list ?? [];
  const within = ranges.map(({ from, to }) => sql<SqlBool>`${place} between ${from} and ${to}`);
  const isVouched = isSealed(trx, place);
  if (within.length === 0) return isVouched;
  return sql<SqlBool>`case when ${sql.join(within, sql` or `)} then false else ${isVouched} end`;
}

/** The same but for the ranges, which are read by it. */
function isSealed(trx: Trx, place: Expression<number>): RawBuilder<SqlBool> {
  return lent.get(trx)?.verifiesSeals ? sql<SqlBool>`${sql.raw(IS_VOUCHED)}(${place})` : sql<SqlBool>`true`;
}

/** Where no service says which these are: by what the trail alone tells. */
export async function lendRecordedRanges(trx: Trx): Promise<void> {
  const ranges = new UnwitnessedRanges();
  ranges.set(await readOpenRanges(trx));
  lendRanges(trx, ranges, false);
}

/** By what the trail alone tells, beside the one that was found at this start. */
export async function readOpenRanges(trx: Trx, found?: EventRange): Promise<readonly EventRange[]> {
  const events = await trx
    .selectFrom('audit_events')
    .select(['sequence', 'type', 'details_json'])
    .where('subject', '=', UNWITNESSED_SUBJECT)
    .where('type', 'in', [UNWITNESSED, CONFIRMED_UNWITNESSED])
    .where((eb) => isSealed(trx, eb.ref('sequence')))
    .execute();
  const told = events.map(({ details_json, ...event }) => ({
    ...event,
    details: auditDetailsIn(details_json),
  }));
  return openRanges(told, found);
}
