import type { Context } from '../cli/context.ts';
import { intoSecretFile } from '../cli/new-files.ts';
import { connect, withQuery } from '../cli/operations-client.ts';
import {
  describeProposal,
  type ProposalAnswer,
  type ProposalPageAnswer,
  showPlainly,
  stateCell,
} from '../cli/show.ts';
import { type Cell, table } from '../cli/table.ts';
import { warnOfProposed } from '../keys/cli-policy.ts';
import type { ExecutedAnswer } from './routes/proposals.ts';

/** Without a result where it was closed. */
type Decided = Pick<ExecutedAnswer, 'proposal'> & Partial<ExecutedAnswer>;

export async function proposalList(
  context: Context,
  { all = false, ...paging }: { readonly after?: string; readonly limit?: number; readonly all?: boolean },
): Promise<void> {
  const call = await connect(context);
  const page = await call<ProposalPageAnswer>('GET', withQuery('/proposals', paging));
  const shown = all ? page.proposals : page.proposals.filter(({ state }) => state === 'open');
  showPlainly(context, { ...page, proposals: shown }, () => human(shown, page, context));
}

function human(
  shown: readonly ProposalAnswer[],
  { next }: ProposalPageAnswer,
  { terminal }: Context,
): string {
  const more = next === null ? '' : `\n\nThere are more: --after ${next}`;
  if (shown.length === 0) return `no open proposals${more}`;
  const rows = shown.map((proposal): Cell[] => [
    [proposal.id, 'bold'],
    stateCell(proposal.state),
    proposal.act,
    proposal.subject,
    proposal.proposed_by,
    { time: proposal.expires_at },
    proposal.state === 'open' ? proposal.approvers.join(' ') || 'nobody' : '-',
  ]);
  const headings = [
    'id',
    'state',
    'act',
    'subject',
    'proposed by',
    'expires',
    { name: 'can approve', extra: true } as const,
  ];
  return `${table(headings, rows, terminal)}${more}`;
}

export async function proposalShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ proposal: ProposalAnswer }>('GET', `/proposals/${encodeURIComponent(id)}`);
  await warnOfProposed(context, call, answer.proposal);
  showPlainly(context, answer, () => describeProposal(answer.proposal, context));
}

/** What became of it; with `--json` the result of the act too. A token that was made goes into the file. */
export function decideProposal(decision: 'approve' | 'reject' | 'withdraw') {
  return async (context: Context, id: string, { out }: { readonly out?: string }): Promise<void> => {
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
  };
}

function split({ proposal, result = {} }: Decided): { secret: string | null; result: Decided } {
  const { token, ...others } = result;
  return { secret: typeof token === 'string' ? token : null, result: { proposal, result: others } };
}
