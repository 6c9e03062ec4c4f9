import type { Trx, TrxReader } from '../db/schema.ts';
import { RECORDED_WITHIN_SECONDS } from '../kernel/record-gap.ts';

interface KnownTimes {
  readonly now: number;
  /** What a signed checkpoint saw by then is there; undefined where there is none. */
  readonly checkpointAt: number | undefined;
  /** By then a group was acknowledged that is missing. */
  readonly missingAt?: number | undefined;
}

/**
 * The first `iat` of tokens whose records may be missing, given that the end of the ledger is. Audit events say nothing
 * of it: a wrong clock dates them, too, while nothing is issued under one.
 */
export async function missingFrom(
  reader: TrxReader,
  { now, checkpointAt = 0, missingAt = now }: KnownTimes,
): Promise<number> {
  const there = Math.max(await reader.read(lastCommittedAt), checkpointAt);
  return Math.max(0, Math.min(there, missingAt, now) - RECORDED_WITHIN_SECONDS);
}

async function lastCommittedAt(trx: Trx): Promise<number> {
  const groups = trx.selectFrom('ledger_groups').select('committed_at');
  const last = await groups.orderBy('sequence', 'desc').limit(1).executeTakeFirst();
  return last?.committed_at ?? 0;
}
