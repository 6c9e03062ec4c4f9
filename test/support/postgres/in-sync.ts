import { type PostgresServer, until } from './server.ts';

/** Until commits of that server wait for a standby. */
export async function untilInSync(primary: PostgresServer, state = 'quorum'): Promise<void> {
  await until(async () => {
    const rows = await primary.query(`select from pg_stat_replication where sync_state = '${state}'`);
    return rows.length > 0;
  });
}
