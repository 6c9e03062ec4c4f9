import type { Context } from '../cli/context.ts';
import { intoSecretFile } from '../cli/new-files.ts';
import { connect } from '../cli/operations-client.ts';
import { more, type Paging, pages } from '../cli/pages.ts';
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
  { closed = false, ...paging }: Paging<string> & { readonly closed?: boolean },
): Promise<void> {
  const call = await connect(context);
  const asked = closed ? paging : { state: 'open', ...paging };
  const page: ProposalPageAnswer = await pages(call, '/proposals', 'proposals', asked);
  showPlainly(context, page, () => human(page, context));
}

function human({ proposals, next }: ProposalPageAnswer, { terminal }: Context): string {
  if (proposals.length === 0) return 'no open proposals';
  const rows = proposals.map((proposal): Cell[] => [
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
  return table(headings, rows, terminal) + more(next);
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
