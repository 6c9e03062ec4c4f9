import { z } from 'zod';
import type { ProposalView } from '../../domain/act-gate.ts';
import { ACT_NAMES } from '../../kernel/acts.ts';
import { differenceOf } from '../../lib/difference.ts';
import { ERROR_CODES } from '../../kernel/errors.ts';
import { PROPOSAL_STATES } from '../../domain/proposal.ts';

export const proposal = z
  .object({
    id: z.string(),
    act: z.enum(ACT_NAMES),
    subject: z.string().meta({ description: 'What it would act upon, such as `client:checkout`.' }),
    parameters: z.record(z.string(), z.unknown()),
    changes: z
      .array(z.object({ member: z.string(), from: z.unknown(), to: z.unknown() }))
      .meta({ description: 'What is, and what would be; null for what is not there.' }),
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

export function proposalRepresentation(of: ProposalView): z.infer<typeof proposal> {
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
