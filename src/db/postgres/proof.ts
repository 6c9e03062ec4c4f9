import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresSettings } from '../database-settings.ts';
import { StoreFailure } from '../failure.ts';
import type { PostgresSession } from './session.ts';

const DEADLINE_MS = 2_000;
const BETWEEN_MS = 5;

const FLUSHED = 'select pg_current_wal_flush_lsn()::text as place';
const COPIES = `select count(*) as copies from pg_stat_replication
  where state = 'streaming' and sync_state in ('sync', 'quorum') and flush_lsn >= $1::pg_lsn`;

export async function proveCommit(
  session: PostgresSession,
  { durability, copies }: PostgresSettings,
): Promise<void> {
  if (durability === 'single') return;
  const place = (await session.query(FLUSHED)).rows[0]?.place;
  for (const until = performance.now() + DEADLINE_MS; ; await pause(BETWEEN_MS)) {
    const { rows } = await session.query(COPIES, [place]);
    if (Number(rows[0]?.copies) >= copies) return;
    if (performance.now() > until) break;
  }
  const message = `fewer than ${copies} synchronous standbys have what was committed`;
  throw new StoreFailure({ message, code: null, condition: 'unreachable' });
}
