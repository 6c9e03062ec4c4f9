import { z } from 'zod';
import { DECISIONS, PROPOSAL_STATES } from '../../kernel/acts.ts';
import { actorOf, READING } from '../../server/admission.ts';
import { type GateDeps, proposal, proposalPage, proposalRepresentation } from '../../server/ask-gate.ts';
import { validated } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { afterId, pageOf } from '../../server/wire.ts';

const NOT_OPEN = ['unknown_proposal', 'proposal_expired', 'proposal_executed', 'proposal_closed'] as const;

const proposalQuery = afterId.extend({ state: z.enum(PROPOSAL_STATES).optional() });

const executed = z.object({ proposal, result: z.record(z.string(), z.unknown()) });
export type ExecutedAnswer = z.infer<typeof executed>;

const listProposals: Route<GateDeps> = {
  method: 'get',
  path: '/v1/admin/proposals',
  operation: {
    operationId: 'listProposals',
    summary: 'Proposals, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: proposalQuery },
    responses: {
      ...json('200', 'Open ones, and those of the last 90 days', proposalPage),
      ...problems(CODES.operator, CODES.schema, ['unknown_proposal']),
    },
  },
  handler:
    ({ authenticator, gate }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { after, limit, state } = validated(proposalQuery, { ...request.query });
      const found = gate.list({ after, limit: limit + 1, state });
      const { page, next } = pageOf(found, limit, ({ id }) => id);
      sendJson(response, 200, { proposals: page.map(proposalRepresentation), next });
    },
};

const getProposal: Route<GateDeps> = {
  method: 'get',
  path: '/v1/admin/proposals/{proposal}',
  operation: {
    operationId: 'getProposal',
    summary: 'One proposal with what it would change; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The proposal', z.object({ proposal })),
      ...problems(CODES.operator, ['unknown_proposal']),
    },
  },
  handler:
    ({ authenticator, gate }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const found = gate.show(request.params.proposal ?? '');
      sendJson(response, 200, { proposal: proposalRepresentation(found) });
    },
};

const approveProposal: Route<GateDeps> = {
  method: 'post',
  path: '/v1/admin/proposals/{proposal}/approve',
  operation: {
    operationId: 'approveProposal',
    summary: 'Approve what another operator proposed, which runs it, once; role `approver`',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'Executed; `result` is what the act answers', executed),
      ...problems(CODES.operator, NOT_OPEN, [
        'self_approval',
        'proposal_outdated',
        'proposer_gone',
        'clock_jump',
        'clock_ahead',
        'hsm_unavailable',
        'store_unavailable',
        'audit_sink_unavailable',
      ]),
      default: { description: 'What the act itself is refused with; the proposal has then failed.' },
    },
  },
  handler:
    ({ authenticator, gate }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, [DECISIONS.approve], request, response);
      const approved = await gate.approve(request.params.proposal ?? '', actor);
      const { result } = approved;
      sendJson(response, 200, { proposal: proposalRepresentation(approved.proposal), result });
    },
};

const rejectProposal = closing('reject', 'Reject a proposal permanently; role `approver`', []);
const withdrawProposal = closing('withdraw', 'Withdraw your own proposal permanently; role `operator`', [
  'not_your_proposal',
]);

export const adminProposalRoutes = [
  listProposals,
  getProposal,
  approveProposal,
  rejectProposal,
  withdrawProposal,
];

function closing(
  decision: 'reject' | 'withdraw',
  summary: string,
  codes: readonly 'not_your_proposal'[],
): Route<GateDeps> {
  return {
    method: 'post',
    path: `/v1/admin/proposals/{proposal}/${decision}`,
    operation: {
      operationId: `${decision}Proposal`,
      summary,
      security: [{ operator: [] }],
      responses: {
        ...json('200', 'The proposal, closed', z.object({ proposal })),
        ...problems(CODES.operator, NOT_OPEN, codes, ['store_unavailable']),
      },
    },
    handler:
      ({ authenticator, gate }) =>
      async (request, response) => {
        const actor = actorOf(authenticator, [DECISIONS[decision]], request, response);
        const closed = await gate[decision](request.params.proposal ?? '', actor);
        sendJson(response, 200, { proposal: proposalRepresentation(closed) });
      },
  };
}
