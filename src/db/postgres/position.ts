import { connectionLost } from './failure.ts';
import type { PostgresSession } from './session.ts';

/** Which server a session has reached, and as what. */
export interface Position {
  /** Of the cluster: the same on a primary, its standbys and its copies. */
  readonly system: bigint;
  /** Counted up by each promotion, 32 bits; undefined on a standby. */
  readonly timeline: number | undefined;
}

/*
 * The timeline stands in the name of the file that is written to. What `pg_control_checkpoint()` says of it is that of the
 * last checkpoint, and after a promotion for a while the former one.
 */
const POSITION = `select system_identifier::text as system,
  case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end as timeline
  from pg_control_system()`;
const SYSTEM = /^-?\d{1,19}$/;
const TIMELINE = /^[\dA-F]{8}$/;

/** Rejects with a `StoreFailure`, also where what the server says is no position. */
export async function readPosition(session: Pick<PostgresSession, 'query'>): Promise<Position> {
  const { rows } = await session.query(POSITION);
  const { system, timeline } = rows[0] ?? {};
  if (!SYSTEM.test(String(system)) || !(timeline === null || TIMELINE.test(String(timeline))))
    throw connectionLost('the server does not say which one it is');
  return {
    system: BigInt(String(system)),
    timeline: timeline === null ? undefined : Number.parseInt(String(timeline), 16),
  };
}
