import type { Actor } from '../../kernel/actor.ts';
import { ACTS, type ActName, keptWithoutHsm, type Proposal, type ProposalState } from '../../kernel/acts.ts';
import { type AuditEvent, actOf, type StoredEvent } from '../../kernel/audit.ts';
import { auditDetailsIn } from '../../kernel/audit-chain.ts';
import { differenceOf } from '../../lib/difference.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { ProposalMove } from '../proposal.ts';

const MOVED = {
  open: 'proposal.opened',
  executing: 'proposal.approved',
  executed: 'proposal.executed',
  refused: 'proposal.refused',
  withdrawn: 'proposal.withdrawn',
  expired: 'proposal.expired',
  failed: 'proposal.failed',
} as const satisfies Record<ProposalState, string>;

const STATES = new Map<string, ProposalState>(
  Object.entries(MOVED).map(([state, type]) => [type, state as ProposalState]),
);
export const OPENED = MOVED.open;
const SUBJECT = 'proposal:';

/** Closed ones that are still listed. */
const KEPT = 100;

export function openedEvent(proposal: Proposal, actor: Actor): AuditEvent {
  const { id, act, subject, parameters, before, after, expiresAt: expires_at } = proposal;
  // What other fronts hold the thing against at the approval.
  const whole = isForAllFronts(act) ? { before, after } : {};
  const changes = differenceOf(before, after);
  return actOf(actor, OPENED, SUBJECT + id, { act, subject, parameters, changes, ...whole, expires_at });
}

export function movedEvent(
  { id, act, subject, proposedBy }: Proposal,
  { state, failure }: ProposalMove,
  actor: Actor,
): AuditEvent {
  const details = { act, subject, proposed_by: proposedBy, ...(failure ? { failure } : {}) };
  return actOf(actor, MOVED[state], SUBJECT + id, details);
}

/** The newest first; of those that are closed, the last ones. */
export function withOpened(proposals: readonly Proposal[], opened: Proposal): readonly Proposal[] {
  const closed = proposals.filter(({ state }) => state !== 'open' && state !== 'executing');
  const forgotten = new Set(closed.slice(KEPT));
  return [opened, ...proposals.filter((each) => !forgotten.has(each))];
}

/** With what that event tells of proposals that all fronts know. It must be one that something stands behind. */
export function withEvent(proposals: readonly Proposal[], event: StoredEvent): readonly Proposal[] {
  const state = STATES.get(event.type);
  if (state === undefined || !event.subject.startsWith(SUBJECT)) return proposals;
  const id = event.subject.slice(SUBJECT.length);
  if (state !== 'open') return proposals.map((each) => (each.id === id ? moved(each, state, event) : each));
  const opened = openedIn(id, event);
  return opened ? withOpened(proposals, opened) : proposals;
}

/** Undefined for an act that other fronts know otherwise or not at all, and where a former version told less. */
function openedIn(id: string, { actor, time, detailsJson }: StoredEvent): Proposal | undefined {
  const { act, subject, parameters, before, after, expires_at } = auditDetailsIn(detailsJson);
  if (!isActName(act) || !isForAllFronts(act) || before === undefined) return undefined;
  if (typeof subject !== 'string' || typeof expires_at !== 'number' || !isObject(parameters))
    return undefined;
  return {
    id,
    act,
    subject,
    parameters: parameters as JsonObject,
    before: objectOrNull(before),
    after: objectOrNull(after),
    proposedBy: actor,
    proposedAt: time,
    expiresAt: expires_at,
    state: 'open',
    decidedBy: null,
    decidedAt: null,
    failure: null,
  };
}

function moved(
  proposal: Proposal,
  state: ProposalState,
  { actor, time, detailsJson }: StoredEvent,
): Proposal {
  const { failure = null } = auditDetailsIn(detailsJson) as Pick<Partial<Proposal>, 'failure'>;
  const decided = proposal.state === 'open' ? { decidedBy: actor, decidedAt: time } : {};
  return { ...proposal, ...decided, state, failure };
}

function isForAllFronts(act: ActName): boolean {
  return keptWithoutHsm(act) === 'all fronts';
}

function isActName(value: unknown): value is ActName {
  return typeof value === 'string' && Object.hasOwn(ACTS, value);
}

function objectOrNull(value: unknown): JsonObject | null {
  return isObject(value) ? (value as JsonObject) : null;
}
