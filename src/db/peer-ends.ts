import type { ChainHead } from '../kernel/audit-chain.ts';
import { hasSealed } from '../kernel/audit-chain.ts';
import { hashOf, type PeerEnds } from './chain-end.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Trx } from './schema.ts';

/** By the events of the trail: whoever writes to the database can make no seal. */
export function createPeerEnds(runs: Pick<RunDirectory, 'find'>): PeerEnds {
  return {
    async haveGoneOn(trx, from, to) {
      if (!(await isAncestor(trx, from))) return false;
      const end = await trx
        .selectFrom('audit_events')
        .select(['sequence', 'hash', 'run_id', 'seal'])
        .where('sequence', '=', to.sequence)
        .executeTakeFirst();
      const run = end?.run_id ? await runs.find(end.run_id) : undefined;
      // The hash covers all before it.
      return run !== undefined && end !== undefined && hasSealed(run, 'audit', end);
    },
  };
}

/** What was in doubt may be there or not: one of them is. */
async function isAncestor(trx: Trx, heads: readonly ChainHead[]): Promise<boolean> {
  for (const { sequence, hash } of heads) {
    const found = sequence === 0 ? hash : await hashOf(trx, 'audit', sequence);
    if (found !== undefined && Buffer.compare(found, hash) === 0) return true;
  }
  return false;
}
