import { z } from 'zod';
import type { Actor, Authenticator } from '../kernel/actor.ts';
import {
  ACT_NAMES,
  ACTS,
  type ActGate,
  type ActName,
  type Outcome,
  PROPOSAL_STATES,
  type ProposalView,
} from '../kernel/acts.ts';
import { ERROR_CODES } from '../kernel/errors.ts';
import { differenceOf } from '../lib/difference.ts';
import { actorOf } from './admission.ts';
import { json } from './responses.ts';
import type { ApiRequest, ApiResponse } from './route.ts';
import { sendJson } from './send.ts';
import { nextId } from './wire.ts';

export const proposal = z
  .object({
    id: z.string().meta({ examples: ['7v3k9mzx2qpw4r8t'] }),
    act: z.enum(ACT_NAMES).meta({ examples: ['scope.policy'] }),
    subject: z.string().meta({
      description: 'What it would act upon, such as `client:checkout`.',
      examples: ['scope:payments'],
    }),
    parameters: z.record(z.string(), z.unknown()).meta({ examples: [{ policy: { max_ttl_seconds: 900 } }] }),
    changes: z.array(z.object({ member: z.string(), from: z.unknown(), to: z.unknown() })).meta({
      description: 'What is, and what would be; null for what is not there.',
      examples: [[{ member: 'policy.max_ttl_seconds', from: 3_600, to: 900 }]],
    }),
    proposed_by: z.string(),
    proposed_at: z.int(),
    expires_at: z.int(),
    state: z.enum(PROPOSAL_STATES),
    approvers: z.array(z.string()).meta({ description: 'Operators who may approve it now.' }),
    decided_by: z.string().nullable(),
    decided_at: z.int().nullable(),
    failure: z.object({ code: z.enum(ERROR_CODES), detail: z.string() }).nullable(),
  })
  .meta({ id: 'Proposal' });
export type ProposalAnswer = z.infer<typeof proposal>;

export const proposalPage = z.object({ proposals: z.array(proposal), next: nextId });
export type ProposalPageAnswer = z.infer<typeof proposalPage>;

export function proposalRepresentation(of: ProposalView): ProposalAnswer {
  return {
    id: of.id,
    act: of.act,
    subject: of.subject,
    parameters: of.parameters,
    changes: differenceOf(of.before, of.after).map((change) => ({ ...change })),
    proposed_by: of.proposedBy,
    proposed_at: of.proposedAt,
    expires_at: of.expiresAt,
    state: of.state,
    approvers: [...of.approvers],
    decided_by: of.decidedBy,
    decided_at: of.decidedAt,
    failure: of.failure,
  };
}

export interface GateDeps {
  readonly authenticator: Authenticator;
  readonly gate: ActGate;
}

/** The operator behind the request, who holds the role that the act takes; before anything of it is read. */
export function actorFor(
  act: ActName,
  { authenticator }: GateDeps,
  request: ApiRequest,
  response: ApiResponse,
): Actor {
  return actorOf(authenticator, [ACTS[act].role], request, response);
}

/** What a route answers where the act takes two people. */
export const PROPOSED = json('202', 'A proposal, which another operator may approve', z.object({ proposal }));

/** What was done, with the status given, or 202 with the proposal that was opened. */
export function sendOutcome(
  response: ApiResponse,
  outcome: Outcome,
  { status, location }: { readonly status: 200 | 201; readonly location?: string },
): void {
  if ('done' in outcome) {
    sendJson(response, status, outcome.done, location === undefined ? [] : ['Location', location]);
    return;
  }
  const at = ['Location', `/v1/admin/proposals/${outcome.proposal.id}`];
  sendJson(response, 202, { proposal: proposalRepresentation(outcome.proposal) }, at);
}
