import type { ProposalAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeProposal } from '../describe-proposal.ts';
import { connect } from '../operations-client.ts';
import { warnOfProposed } from '../policy-refusals.ts';
import { intoSecretFile } from '../secret-file.ts';
import { showPlainly } from '../show.ts';

export async function proposalShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ proposal: ProposalAnswer }>('GET', `/proposals/${encodeURIComponent(id)}`);
  await warnOfProposed(context, call, answer.proposal);
  showPlainly(context, answer, () => describeProposal(answer.proposal, context));
}

/** What became of it; with `--json` the result of the act too. A token that was made goes into the file. */
export async function proposalDecide(
  context: Context,
  decision: 'approve' | 'reject' | 'withdraw',
  id: string,
  { out }: { readonly out?: string } = {},
): Promise<void> {
  const call = await connect(context);
  const path = `/proposals/${encodeURIComponent(id)}`;
  if (decision === 'approve') {
    const { proposal } = await call<{ proposal: ProposalAnswer }>('GET', path);
    await warnOfProposed(context, call, proposal);
  }
  const decide = () => call<Decided>('POST', `${path}/${decision}`);
  const answer =
    out === undefined ? await decide() : await intoSecretFile(out, async () => split(await decide()));
  showPlainly(context, answer, () => describeProposal(answer.proposal, context));
}

interface Decided {
  readonly proposal: ProposalAnswer;
  readonly result?: Readonly<Record<string, unknown>>;
}

function split({ proposal, result = {} }: Decided): { secret: string | null; result: Decided } {
  const { token, ...others } = result;
  return { secret: typeof token === 'string' ? token : null, result: { proposal, result: others } };
}
