import type { Selectable, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;
type Row = Selectable<Schema['notification_deliveries']>;

/** Rows that are kept in mind; a target that has been away for long has more. */
const MOST_REMEMBERED = 5_000;
/** No attempt is put off for longer. */
const LONGEST_WAIT_SECONDS = 86_400;

/**
 * What waited to be sent when this process last looked. A row that is gone, settled or rewritten without this
 * process having done it is put back.
 */
export class DeliveryMemory {
  #waiting = new Map<number, Row>();

  /** This process settled it. */
  settled(id: number): void {
    this.#waiting.delete(id);
  }

  /** This process may have settled any of them. */
  forget(): void {
    this.#waiting.clear();
  }

  /** Answers how many rows were put back. */
  async reconcile(trx: Trx, now: number): Promise<number> {
    const table = trx.selectFrom('notification_deliveries').selectAll();
    const known = [...this.#waiting.values()];
    const found = await table
      .where(
        'id',
        'in',
        known.map(({ id }) => id),
      )
      .execute();
    const byId = new Map(found.map((row) => [row.id, row]));
    const lost = known.filter((row) => !isSame(row, byId.get(row.id)));
    for (const row of lost) await putBack(trx, row, now);
    const delayed = await trx
      .updateTable('notification_deliveries')
      .set({ next_attempt_at: now })
      .where('state', '=', 'pending')
      .where((eb) =>
        eb.or([eb('next_attempt_at', 'is', null), eb('next_attempt_at', '>', now + LONGEST_WAIT_SECONDS)]),
      )
      .executeTakeFirst();
    const waiting = await table.where('state', '=', 'pending').orderBy('id').limit(MOST_REMEMBERED).execute();
    this.#waiting = new Map(waiting.map((row) => [row.id, row]));
    return lost.length + Number(delayed.numUpdatedRows);
  }
}

/** A summary grows while it waits, and each attempt moves the next one. */
function isSame(known: Row, found: Row | undefined): boolean {
  if (!found) return false;
  const { last_sequence, events, types_json, attempts, next_attempt_at, last_error, ...fixed } = known;
  return Object.entries(fixed).every(([name, value]) => found[name as keyof Row] === value);
}

async function putBack(trx: Trx, { id, ...row }: Row, now: number): Promise<void> {
  await trx
    .deleteFrom('notification_deliveries')
    .where((eb) => eb.or([eb('id', '=', id), eb('message_id', '=', row.message_id)]))
    .execute();
  await trx
    .insertInto('notification_deliveries')
    .values({ ...row, next_attempt_at: Math.min(row.next_attempt_at ?? now, now) })
    .onConflict((conflict) =>
      conflict
        .columns(['event_sequence', 'kind', 'route', 'target', 'contacts_of'])
        .doUpdateSet({ state: 'pending', settled_at: null, next_attempt_at: now }),
    )
    .execute();
}
