import { connectionLost } from './failure.ts';
import type { PostgresSession } from './session.ts';

export interface Standing {
  readonly version: string;
  /** As `version()` tells: forks name themselves there. */
  readonly product: string;
  readonly serverVersion: number;
  readonly synchronousStandbys: string;
  readonly inSync: number;
  readonly seesReplication: boolean;
}

export async function requirePrimary(session: PostgresSession): Promise<void> {
  const { rows } = await session.query('select pg_is_in_recovery() as standby');
  if (rows[0]?.standby !== 0) throw connectionLost('the server is a standby, not the primary', '25006');
}

export async function standingOf(session: PostgresSession): Promise<Standing> {
  const { rows } =
    await session.query(`select current_setting('server_version') as version, version() as product,
    current_setting('server_version_num')::bigint as number, current_setting('synchronous_standby_names') as names,
    pg_has_role(current_user, 'pg_monitor', 'member') as monitor,
    (select count(*) from pg_stat_replication where state = 'streaming' and sync_state in ('sync', 'quorum')) as copies`);
  const [row] = rows;
  return {
    version: String(row?.version),
    product: String(row?.product),
    serverVersion: Number(row?.number),
    synchronousStandbys: String(row?.names),
    inSync: Number(row?.copies),
    seesReplication: row?.monitor === 1,
  };
}
