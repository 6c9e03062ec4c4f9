import { hasSealed } from '../kernel/audit-chain.ts';
import { hasOneOf, type PeerEnds } from './chain-end.ts';
import type { RunDirectory } from './run-directory.ts';

/** By the events of the trail: whoever writes to the database can make no seal. */
export function createPeerEnds(runs: Pick<RunDirectory, 'find'>): PeerEnds {
  return {
    async haveGoneOn(trx, from, to) {
      // What was in doubt may be there or not: one of them is.
      if (!(await hasOneOf(trx, 'audit', from))) return false;
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
