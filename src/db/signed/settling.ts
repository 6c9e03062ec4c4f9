import type { Actor } from '../../kernel/actor.ts';
import { notOpen, unknownProposal } from '../../kernel/acts.ts';
import type { Plan } from './registry-changes.ts';
import { put, type RowChange } from './tables.ts';
import type { RegistryView } from './trusted-registry.ts';

/** The change of an approved act marks its proposal executed in the same commit: so it is never made twice. */
export function settling({ approval }: Actor, plan: Plan): Plan {
  if (!approval) return plan;
  return (registry) => [...plan(registry), executed(registry, approval.proposalId)];
}

function executed(registry: RegistryView, id: string): RowChange {
  const row = registry.row('proposals', id);
  if (!row) throw unknownProposal();
  if (row.state !== 'executing') throw notOpen(row.state);
  return put('proposals', { ...row, state: 'executed' });
}
