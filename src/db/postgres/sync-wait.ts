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
