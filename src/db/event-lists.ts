import { type SqlBool, sql, type Transaction } from 'kysely';
import type { EventService } from '../domain/event-service.ts';
import type { TrackedEvent, UnresolvedCounts } from '../domain/event-steps.ts';
import type { Severity } from '../kernel/security-event-types.ts';
import type { Schema } from './schema.ts';
import { fitting, fromRow, trackedEvents } from './tracked-events.ts';

type Trx = Transaction<Schema>;
type ListOf = Parameters<EventService['list']>;

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
  const isAcknowledged = sql<SqlBool>`acknowledged.sequence is not null`;
  const rows = await trackedEvents(trx)
    .where('resolved.sequence', 'is', null)
    .clearSelect()
    .select((eb) => [
      isAcknowledged.as('isAcknowledged'),
      'event.severity',
      eb.fn.countAll<number>().as('count'),
    ])
    .groupBy(['event.severity', isAcknowledged])
    .execute();
  for (const { isAcknowledged, severity, count } of rows) {
    counts[isAcknowledged ? 'acknowledged' : 'open'][severity] = count;
  }
  return counts;
}

const NONE: Readonly<Record<Severity, number>> = { info: 0, warning: 0, critical: 0 };
