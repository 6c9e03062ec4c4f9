import type { ProposalAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeProposal } from '../describe-proposal.ts';
import { connect } from '../operations-client.ts';
import { showPlainly } from '../show.ts';

export async function proposalShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ proposal: ProposalAnswer }>('GET', `/proposals/${encodeURIComponent(id)}`);
  showPlainly(context, answer, () => describeProposal(answer.proposal, context));
}

/** What became of it; with `--json` the result of the act too. */
export async function proposalDecide(
  context: Context,
  decision: 'approve' | 'reject' | 'withdraw',
  id: string,
): Promise<void> {
  const call = await connect(context);
  const path = `/proposals/${encodeURIComponent(id)}/${decision}`;
  const answer = await call<{ proposal: ProposalAnswer }>('POST', path);
  showPlainly(context, answer, () => describeProposal(answer.proposal, context));
}
