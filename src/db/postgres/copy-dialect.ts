import { sql } from 'kysely';
import type { CopyDialect } from '../copy/table-sums.ts';

/** Between two statements the other side of the copy works, or chains are verified: no other transaction waits for this one. */
const PATIENCE = '1h';

export const POSTGRES_COPY: CopyDialect = {
  async begin(trx) {
    await sql`SELECT set_config('idle_in_transaction_session_timeout', ${PATIENCE}, true)`.execute(trx);
  },
  /** Rows that came with their numbers leave the counter behind. */
  async end(trx) {
    await sql`SELECT setval(pg_get_serial_sequence('notification_deliveries', 'id'), max(id))
      FROM notification_deliveries HAVING max(id) IS NOT NULL`.execute(trx);
  },
  // The session shows bytes as \x and digits.
  quote: (column) => sql`coalesce(CASE pg_typeof(${column})
    WHEN 'text'::regtype THEN '''' || replace(${column}::text, '''', '''''') || ''''
    WHEN 'bytea'::regtype THEN 'X''' || upper(substr(${column}::text, 3)) || ''''
    ELSE ${column}::text END, 'NULL')`,
  sha256: (text) => sql`encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`,
  readSha256: (sha256) => sha256,
};
