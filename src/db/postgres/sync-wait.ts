import type { PostgresSession } from './session.ts';

/**
 * Ends the wait of a commit for a standby, which no timeout of the server's does, nor the end of the connection: the commit
 * is then answered with a warning (`doubtOf`). `backend` is that of the session which waits; `session` is another one of
 * the same role. Answers whether it did wait.
 */
export async function endSyncWait(
  session: Pick<PostgresSession, 'query'>,
  backend: number,
): Promise<boolean> {
  const { rows } = await session.query(
    `select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and wait_event = 'SyncRep'`,
    [backend],
  );
  return rows.length > 0;
}

/** A front that does nothing with its turn for so long was stopped, or is cut off. */
const IDLE = '500ms';

/**
 * The same for all who hold the turn of the trail or of the ledger, but for the session with that `backend`, which waits
 * for them. Of a front that has stopped in the midst of its turn, the session is ended.
 */
export async function endWaitsBefore(
  session: Pick<PostgresSession, 'query'>,
  backend: number,
): Promise<void> {
  await session.query(
    `select case when a.wait_event = 'SyncRep' then pg_cancel_backend(a.pid)
         when a.state = 'idle in transaction' and a.state_change < clock_timestamp() - interval '${IDLE}'
           then pg_terminate_backend(a.pid) end
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.classid = 4711 and l.objid in (0, 1)
       and l.database = (select oid from pg_database where datname = current_database()) and a.pid <> $1`,
    [backend],
  );
}
