import { addStandby, type PostgresServer, until } from './server.ts';

/** A standby by that name, which commits of the server wait for from then on. */
export async function addSyncStandby(
  primary: PostgresServer,
  name: string,
  options?: Parameters<typeof addStandby>[2],
): Promise<PostgresServer> {
  const standby = await addStandby(primary, name, options);
  await primary.configure({ synchronous_standby_names: `ANY 1 (${name})` });
  await untilInSync(primary);
  return standby;
}

/** Until commits of that server wait for a standby. */
export async function untilInSync(primary: PostgresServer, state = 'quorum'): Promise<void> {
  await until(async () => {
    const rows = await primary.query(`select from pg_stat_replication where sync_state = '${state}'`);
    return rows.length > 0;
  });
}
