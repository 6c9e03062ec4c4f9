import type { PostgresSession } from './session.ts';

/** Which server a session has reached, and as what. */
export interface Position {
  /** Of the cluster: the same on a primary, its standbys and its copies. */
  readonly system: string;
  /** When this server was started: it tells servers of one cluster apart. */
  readonly startedAt: string;
  /** Counted up by each promotion; undefined on a standby. */
  readonly timeline: number | undefined;
}

/*
 * The timeline stands in the name of the file that is written to. What `pg_control_checkpoint()` says of it is that of the
 * last checkpoint, and after a promotion for a while the former one.
 */
const POSITION = `select system_identifier::text as system, pg_postmaster_start_time()::text as started,
  case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end as timeline
  from pg_control_system()`;

export async function readPosition(session: Pick<PostgresSession, 'query'>): Promise<Position> {
  const { rows } = await session.query(POSITION);
  const { system, started, timeline } = rows[0] ?? {};
  return {
    system: String(system),
    startedAt: String(started),
    timeline: timeline === null ? undefined : Number.parseInt(String(timeline), 16),
  };
}

/**
 * Why nothing may be written to or believed of the server found, after those at `known`; undefined where all is well. A
 * higher timeline is well: a standby was promoted, and what it lacks is for others to find out.
 */
export function positionFault(found: Position, known: Position | undefined): string | undefined {
  if (found.timeline === undefined) return 'it is a standby';
  if (known === undefined) return undefined;
  if (found.system !== known.system) return 'it is of another cluster (another system identifier)';
  if (known.timeline !== undefined && found.timeline < known.timeline)
    return `its timeline ${found.timeline} is over: ${known.timeline} was seen`;
  return undefined;
}
