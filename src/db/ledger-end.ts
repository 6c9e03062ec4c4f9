import { type ChainHead, type RunKey, verifySeal } from '../kernel/audit-chain.ts';
import { CHAIN_START } from '../kernel/ledger-chain.ts';
import type { GroupColumns } from './ledger-row.ts';

/**
 * Whether the writer may append behind that group. The database must end with the group that the writer knows, or with
 * a later one that bears the run's own seal: of a commit whose answer was lost the writer does not know what became.
 */
export function isOwnEnd(last: GroupColumns | undefined, end: ChainHead, run: RunKey): boolean {
  const { sequence, group_hash: hash } = last ?? { sequence: 0, group_hash: CHAIN_START };
  if (sequence === end.sequence) return Buffer.compare(hash, end.hash) === 0;
  const { run_id = null, seal = null } = last ?? {};
  if (sequence < end.sequence || run_id !== run.id || seal === null) return false;
  return verifySeal(run, 'ledger', { sequence, hash }, seal);
}
