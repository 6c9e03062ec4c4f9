import type { Transaction } from 'kysely';
import type { EventDesk } from '../domain/event-desk.ts';
import { type TrackedEvent, UNRESOLVED_STATES, type UnresolvedCounts } from '../domain/event-steps.ts';
import { SEVERITIES, type Severity } from '../domain/security-event-types.ts';
import type { Schema } from './schema.ts';
import { fitting, fromRow, trackedEvents } from './tracked-events.ts';

type Trx = Transaction<Schema>;
type ListOf = Parameters<EventDesk['list']>;

export async function newestFirst(
  trx: Trx,
  query: ListOf[0],
  { before = Number.MAX_SAFE_INTEGER, limit }: ListOf[1],
): Promise<TrackedEvent[]> {
  const found = fitting(trackedEvents(trx), query).where('event.sequence', '<', before);
  return (await found.orderBy('event.sequence', 'desc').limit(limit).execute()).map(fromRow);
}

export async function countUnresolved(trx: Trx): Promise<UnresolvedCounts> {
  const counts = { open: { ...NONE }, acknowledged: { ...NONE } };
  for (const state of UNRESOLVED_STATES) {
    for (const severity of SEVERITIES) counts[state][severity] = await count(trx, { state, severity });
  }
  return counts;
}

const NONE: Readonly<Record<Severity, number>> = { info: 0, warning: 0, critical: 0 };

async function count(trx: Trx, query: ListOf[0]): Promise<number> {
  const found = fitting(trackedEvents(trx), query)
    .clearSelect()
    .select((eb) => eb.fn.countAll<number>().as('count'));
  return (await found.executeTakeFirstOrThrow()).count;
}
