import { doubtOf, prove } from './proof.ts';
import type { Durability } from './requirements.ts';
import type { PostgresSession } from './session.ts';

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
