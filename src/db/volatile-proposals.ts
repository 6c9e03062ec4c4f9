import type { Actor } from '../kernel/actor.ts';
import type { AuditTrail } from '../domain/audit-trail.ts';
import type { Proposal, ProposalMove, ProposalState, ProposalStore } from '../domain/proposal.ts';
import { notOpen, unknownProposal } from '../kernel/proposal-refusals.ts';
import { movedEvent, openedEvent } from './proposal-events.ts';
import { BoundedMutex } from './signed/bounded-mutex.ts';

/** Closed ones that are still listed. */
const KEPT = 100;

/** Proposals for as long as the process runs. Each change is in the audit trail before it is made. */
export class VolatileProposals implements ProposalStore {
  readonly #audit: AuditTrail;
  readonly #turns = new BoundedMutex();
  #proposals: readonly Proposal[] = [];

  constructor(audit: AuditTrail) {
    this.#audit = audit;
  }

  all(): readonly Proposal[] {
    return this.#proposals;
  }

  find(id: string): Proposal | undefined {
    return this.#proposals.find((proposal) => proposal.id === id);
  }

  add(proposal: Proposal, actor: Actor): Promise<void> {
    return this.#turns.runExclusive(async () => {
      await this.#audit.record(openedEvent(proposal, actor));
      const closed = this.#proposals.filter(({ state }) => state !== 'open' && state !== 'executing');
      const forgotten = new Set(closed.slice(KEPT));
      this.#proposals = [proposal, ...this.#proposals.filter((each) => !forgotten.has(each))];
    });
  }

  move(id: string, from: ProposalState, to: ProposalMove, actor: Actor): Promise<void> {
    return this.#turns.runExclusive(async () => {
      const proposal = this.find(id);
      if (!proposal) throw unknownProposal();
      if (proposal.state !== from) throw notOpen(proposal.state);
      await this.#audit.record(movedEvent(proposal, to, actor));
      this.#proposals = this.#proposals.map((each) => (each === proposal ? { ...proposal, ...to } : each));
    });
  }
}
