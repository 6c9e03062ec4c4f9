import { setTimeout as sleep } from 'node:timers/promises';
import { unproven } from './failure.ts';
import type { Durability } from './requirements.ts';
import type { Answer, PostgresSession } from './session.ts';

/** Longer than what other sessions write in between takes to arrive. */
const PROOF_MS = 1_000;
const PAUSE_MS = 2;

/**
 * A place behind everything that this session has committed, and how many standbys that commits wait for have it on their
 * disks. A place taken before the commit would not do: a standby may have what others wrote in between. The place is one
 * on this server's own disk, where `synchronous_commit` has put the commit.
 */
const PROOF = `with reached as materialized (select coalesce($1::pg_lsn, pg_current_wal_flush_lsn()) as place)
  select place::text, pg_postmaster_start_time()::text as server, (
    select count(*) from pg_catalog.pg_stat_replication
    where state = 'streaming' and sync_state in ('sync', 'quorum') and flush_lsn >= place
  ) as copies
  from reached`;

interface Asked {
  query(sql: string, parameters: readonly unknown[]): Promise<Pick<Answer, 'rows'>>;
  readonly server: PostgresSession['server'];
}

/**
 * Whether what the session has committed so far is on as many standbys as configured. Called in the turn of the commit
 * (`commitAnswered`, `transact`), it is sent along with it. That a commit was answered proves nothing: with
 * `synchronous_standby_names` emptied, commits that wait for a standby are answered, without a warning.
 */
export async function prove(
  session: Asked,
  durability: Durability,
  deadlineMs = PROOF_MS,
  isOver = () => false,
): Promise<boolean> {
  if (durability.mode === 'single') return true;
  const deadline = performance.now() + deadlineMs;
  let place: unknown = null;
  while (true) {
    const { rows } = await session.query(PROOF, [place]);
    if (session.server !== undefined && rows[0]?.server !== session.server) return false;
    if (Number(rows[0]?.copies) >= durability.copies) return true;
    if (performance.now() >= deadline || isOver()) return false;
    place = rows[0]?.place;
    await sleep(PAUSE_MS);
  }
}

/**
 * Settles as a commit does that is being answered, once it is proven; called in the turn in which it was sent. Rejects as
 * the commit, or with `unproven`: then it may stand or not.
 */
export async function proven(
  session: Pick<PostgresSession, 'query' | 'server'>,
  commit: Promise<Answer>,
  durability: Durability,
  isOver?: () => boolean,
): Promise<Answer> {
  const [answer, isProven] = await Promise.all([commit, prove(session, durability, PROOF_MS, isOver)]);
  const doubt = doubtOf(answer) ?? (isProven ? undefined : 'too few standbys have what was committed');
  if (doubt === undefined) return answer;
  throw unproven(doubt);
}

/** The wait for a standby was cancelled; the session is being ended. Either way, the commit stands on this server alone. */
const DOUBTFUL = new Set(['01000', '57P01']);

/** What the server said beside a commit that makes it doubtful, if anything. */
export function doubtOf({ notices }: Pick<Answer, 'notices'>): string | undefined {
  return notices.find(({ code }) => DOUBTFUL.has(code))?.message;
}

/** A logged write with a commit of its own, in no table. */
const LOGGED_WRITE = `select pg_logical_emit_message(true, 'keyward', 'barrier')`;

/**
 * Whether the server has committed something since this call, on as many standbys as configured. Then it was the primary
 * when it was asked before, by this session: what it did not know was not there. One that was replaced cannot do it.
 * Rejects with a `StoreFailure`.
 */
export async function passBarrier(
  session: Pick<PostgresSession, 'query' | 'transact' | 'server'>,
  durability: Durability,
): Promise<boolean> {
  const asked = session.server;
  const [written, isProven] = await Promise.all([session.transact(LOGGED_WRITE), prove(session, durability)]);
  return isProven && doubtOf(written) === undefined && session.server === asked;
}
