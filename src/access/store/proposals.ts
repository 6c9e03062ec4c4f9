import { camelCased } from '../../db/camel-case.ts';
import { BoundedMutex } from '../../db/signed/bounded-mutex.ts';
import type { RegistryChanges } from '../../db/signed/registry-changes.ts';
import { put, type RowChange, type RowOf, remove } from '../../db/signed/tables.ts';
import type { RegistryView } from '../../db/signed/trusted-registry.ts';
import type { Actor } from '../../kernel/actor.ts';
import { notOpen, type Proposal, type ProposalState, unknownProposal } from '../../kernel/acts.ts';
import type { AuditTrail } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import { compareText } from '../../lib/text.ts';
import type { ProposalMove, ProposalStore } from '../proposal.ts';
import { movedEvent, openedEvent, withOpened } from './proposal-events.ts';

type Row = RowOf<'proposals'>;

/** The audit trail has them for good. */
const KEPT_SECONDS = 90 * 86_400;
const REMOVED_AT_ONCE = 50;

export function createProposalStore(changes: RegistryChanges, clock: Clock): ProposalStore {
  const find = (id: string) => {
    const row = changes.view.row('proposals', id);
    return row && fromRow(row);
  };
  return {
    all: () =>
      changes.view
        .rows('proposals')
        .toSorted((a, b) => b.proposed_at - a.proposed_at || compareText(a.id, b.id))
        .map(fromRow),
    find,
    add: (proposal, actor) =>
      changes.change(openedEvent(proposal, actor), (registry) => [
        put('proposals', toRow(proposal)),
        ...forgotten(registry, clock.nowSeconds() - KEPT_SECONDS),
      ]),
    move: async (id, from, to, actor) => {
      const proposal = find(id);
      if (!proposal) throw unknownProposal();
      await changes.change(movedEvent(proposal, to, actor), (registry) => [moved(registry, id, from, to)]);
    },
  };
}

function moved(registry: RegistryView, id: string, from: ProposalState, to: ProposalMove): RowChange {
  const row = registry.row('proposals', id);
  if (!row) throw unknownProposal();
  if (row.state !== from) throw notOpen(row.state);
  return put('proposals', toRow({ ...fromRow(row), ...to }));
}

function forgotten(registry: RegistryView, before: number): readonly RowChange[] {
  return registry
    .rows('proposals')
    .filter(({ state, expires_at }) => state !== 'open' && state !== 'executing' && expires_at < before)
    .slice(0, REMOVED_AT_ONCE)
    .map((row) => remove('proposals', row));
}

function fromRow(row: Row): Proposal {
  const { parametersJson, beforeJson, afterJson, failureCode, failureDetail, ...same } = camelCased(row);
  return {
    ...same,
    parameters: JSON.parse(parametersJson) as JsonObject,
    before: beforeJson === null ? null : (JSON.parse(beforeJson) as JsonObject),
    after: afterJson === null ? null : (JSON.parse(afterJson) as JsonObject),
    failure: failureCode === null ? null : { code: failureCode, detail: failureDetail ?? '' },
  };
}

function toRow(proposal: Proposal): Row {
  const { before, after, failure } = proposal;
  return {
    id: proposal.id,
    act: proposal.act,
    subject: proposal.subject,
    parameters_json: JSON.stringify(proposal.parameters),
    before_json: before === null ? null : JSON.stringify(before),
    after_json: after === null ? null : JSON.stringify(after),
    proposed_by: proposal.proposedBy,
    proposed_at: proposal.proposedAt,
    expires_at: proposal.expiresAt,
    state: proposal.state,
    decided_by: proposal.decidedBy,
    decided_at: proposal.decidedAt,
    failure_code: failure?.code ?? null,
    failure_detail: failure?.detail ?? null,
  };
}

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
      this.#proposals = withOpened(this.#proposals, proposal);
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
