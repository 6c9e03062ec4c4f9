import { sql } from 'kysely';
import type { CopyTurns } from '../copy/copy-store.ts';

/** Between two statements the other side of the copy works: no other transaction waits for this one. */
const PATIENCE = '10min';

export const POSTGRES_TURNS: CopyTurns = {
  async begin(trx) {
    await sql`SELECT set_config('idle_in_transaction_session_timeout', ${PATIENCE}, true)`.execute(trx);
  },
  /** Rows that came with their numbers leave the counter behind. */
  async end(trx) {
    await sql`SELECT setval(pg_get_serial_sequence('notification_deliveries', 'id'), max(id))
      FROM notification_deliveries HAVING max(id) IS NOT NULL`.execute(trx);
  },
};
