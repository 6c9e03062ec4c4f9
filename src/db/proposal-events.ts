import type { Actor } from '../kernel/actor.ts';
import type { AuditEvent } from '../domain/audit.ts';
import { differenceOf } from '../lib/difference.ts';
import type { Proposal, ProposalMove, ProposalState } from '../domain/proposal.ts';
import { actOf } from './audited-change.ts';

const MOVED = {
  open: 'proposal.opened',
  executing: 'proposal.approved',
  executed: 'proposal.executed',
  refused: 'proposal.refused',
  withdrawn: 'proposal.withdrawn',
  expired: 'proposal.expired',
  failed: 'proposal.failed',
} as const satisfies Record<ProposalState, string>;

export function openedEvent(proposal: Proposal, actor: Actor): AuditEvent {
  const { id, act, subject, parameters, before, after, expiresAt: expires_at } = proposal;
  const details = { act, subject, parameters, changes: differenceOf(before, after), expires_at };
  return actOf(actor, MOVED.open, `proposal:${id}`, details);
}

export function movedEvent(
  { id, act, subject, proposedBy }: Proposal,
  { state, failure }: ProposalMove,
  actor: Actor,
): AuditEvent {
  const details = { act, subject, proposed_by: proposedBy, ...(failure ? { failure } : {}) };
  return actOf(actor, MOVED[state], `proposal:${id}`, details);
}
