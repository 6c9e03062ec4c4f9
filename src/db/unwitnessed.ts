import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Actor, KEYWARD } from '../kernel/actor.ts';
import {
  actOf,
  auditDetailsIn,
  CONFIRMED_UNWITNESSED,
  type EventRange,
  openRanges,
  UNWITNESSED,
  UNWITNESSED_SUBJECT,
  type UnwitnessedTrail,
} from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import { IS_VOUCHED } from './event-seals.ts';
import type { Trx, TrxReader, TrxWriter } from './schema.ts';

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

export function createUnwitnessedTrail(
  ranges: UnwitnessedRanges,
  reader: TrxReader,
  writer: TrxWriter,
  clock: Clock,
): UnwitnessedTrail {
  const append = (type: string, actor: Actor, details: Readonly<Record<string, unknown>>) =>
    writer.transaction((trx) =>
      appendAuditEvent(trx, actOf(actor, type, UNWITNESSED_SUBJECT, details), clock.nowSeconds()),
    );
  return {
    list: () => ranges.list,
    load: async (found) => ranges.set(await reader.read((trx) => readOpenRanges(trx, found))),
    record: async ({ from, to, hash }) => void (await append(UNWITNESSED, KEYWARD, { from, to, hash })),
    async confirm(reason, actor) {
      const confirmed = ranges.list;
      await append(CONFIRMED_UNWITNESSED, actor, { ranges: confirmed, reason });
      ranges.set(ranges.list.filter((range) => !confirmed.includes(range)));
      return confirmed;
    },
  };
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
