import type { Actor, Operator, Role } from '../kernel/actor.ts';
import { DECISIONS, notOpen, type Proposal, type ProposalState } from '../kernel/acts.ts';

import { KeywardError } from '../kernel/errors.ts';

/** An open proposal whose time is over is expired, whether that has been written down or not. */
export function stateAt({ state, expiresAt }: Proposal, nowSeconds: number): ProposalState {
  return state === 'open' && nowSeconds >= expiresAt ? 'expired' : state;
}

/** `proposal_expired`, `proposal_executed`, `proposal_closed`. */
export function requireOpen(proposal: Proposal, nowSeconds: number): void {
  const state = stateAt(proposal, nowSeconds);
  if (state !== 'open') throw notOpen(state);
}

export function selfApproval(): KeywardError {
  return new KeywardError(
    'self_approval',
    'You proposed this yourself: another operator with the role approver must approve it.',
  );
}

export function notYours({ proposedBy }: Proposal): KeywardError {
  return new KeywardError(
    'not_your_proposal',
    `${proposedBy} proposed it and may withdraw it; an approver can reject it.`,
  );
}

export function outdated(): KeywardError {
  return new KeywardError(
    'proposal_outdated',
    'What it would change has been changed since it was proposed; look at it and propose it again.',
  );
}

export function outdatedHere(): KeywardError {
  return new KeywardError(
    'proposal_outdated',
    'This front does not find what was proposed to be changed. Approve it at the front of the host that the proposal ' +
      'names, or propose it again.',
  );
}

export function proposerGone({ proposedBy }: Proposal): KeywardError {
  return new KeywardError(
    'proposer_gone',
    `${proposedBy}, who proposed it, may not ask for it any more; somebody else must propose it again.`,
  );
}

export function interrupted(): KeywardError {
  return new KeywardError(
    'proposal_interrupted',
    'The service ended while it was executed; look at what is there, and propose it again if it is not done.',
  );
}

export function tooManyOfOne(limit: number): KeywardError {
  return new KeywardError(
    'too_many_proposals',
    `${limit} proposals of yours are open, and no more may be: have them approved or rejected, or withdraw some.`,
  );
}

export function tooMany(limit: number): KeywardError {
  return new KeywardError(
    'too_many_proposals',
    `${limit} proposals are open, and no more may be: have them approved, rejected or withdrawn.`,
  );
}

/** Whether they stand, and hold the role. */
export function holdsRole(operator: Operator | undefined, role: Role): boolean {
  return operator !== undefined && operator.revokedAt === null && operator.roles.includes(role);
}

/** Whether there is one who may propose, and another who may approve it: otherwise nothing is done that takes two. */
export function canDecideTogether(operators: readonly Operator[]): boolean {
  return operators.some(
    (proposer) =>
      holdsRole(proposer, 'operator') &&
      operators.some((other) => other.id !== proposer.id && holdsRole(other, DECISIONS.approve)),
  );
}

/** What becomes of a proposal. */
export type ProposalMove = Pick<Proposal, 'state'> &
  Partial<Pick<Proposal, 'decidedBy' | 'decidedAt' | 'failure'>>;

/** Proposals, durable or for as long as the process runs. Each change commits with its audit event (I10). */
export interface ProposalStore {
  /** The newest first. */
  all(): readonly Proposal[];
  find(id: string): Proposal | undefined;
  add(proposal: Proposal, actor: Actor): Promise<void>;
  /** Refused where the proposal is not in state `from` any more: `proposal_executed`, `proposal_closed`. */
  move(id: string, from: ProposalState, to: ProposalMove, actor: Actor): Promise<void>;
}

/** Proposals that other fronts open and decide as well. */
export interface FollowedProposals extends ProposalStore {
  /** Takes over what other fronts did by the time it is called. `store_unavailable`. */
  follow(): Promise<void>;
}
