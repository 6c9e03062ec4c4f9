import type { Transaction } from 'kysely';
import type { PastChange } from '../domain/event-feed.ts';
import type { EventState } from '../domain/event-steps.ts';
import type { Schema } from './schema.ts';
import { isTestifiedStep } from './testified-steps.ts';
import { fromRow, trackedEvents } from './tracked-events.ts';

type Trx = Transaction<Schema>;

export async function changesAfter(trx: Trx, place: number, limit: number): Promise<PastChange[]> {
  const rows = await changes(trx, place).orderBy('place').limit(limit).execute();
  const sequences = [...new Set(rows.map(({ event_sequence }) => event_sequence))];
  const found = await trackedEvents(trx).where('event.sequence', 'in', sequences).execute();
  const events = new Map(found.map((row) => [row.sequence, fromRow(row)]));
  return rows.flatMap(({ place, became, event_sequence }) => {
    const event = events.get(event_sequence);
    return event ? [{ place, became, event }] : [];
  });
}

function changes(trx: Trx, place: number) {
  const raised = trx
    .selectFrom('security_events')
    .select((eb) => [
      'audit_sequence as place',
      'sequence as event_sequence',
      eb.val<EventState>('open').as('became'),
    ])
    .where('audit_sequence', '>', place);
  const stepped = trx
    .selectFrom('security_event_steps')
    .select(['audit_sequence as place', 'event_sequence', 'state as became'])
    .where('audit_sequence', '>', place)
    .where(isTestifiedStep(trx, 'security_event_steps'));
  return raised.unionAll(stepped.$castTo<{ place: number; event_sequence: number; became: EventState }>());
}

export async function lastPlace(trx: Trx): Promise<number> {
  const last = await trx
    .selectFrom([raisedLast(trx).as('raised'), steppedLast(trx).as('stepped')])
    .select(['raised.last as raised', 'stepped.last as stepped'])
    .executeTakeFirst();
  return Math.max(last?.raised ?? 0, last?.stepped ?? 0);
}

const raisedLast = (trx: Trx) =>
  trx.selectFrom('security_events').select((eb) => eb.fn.max<number | null>('audit_sequence').as('last'));
const steppedLast = (trx: Trx) =>
  trx
    .selectFrom('security_event_steps')
    .select((eb) => eb.fn.max<number | null>('audit_sequence').as('last'));
