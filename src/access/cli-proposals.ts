import type { ProposalAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { stateCell } from '../cli/describe-proposal.ts';
import { connect } from '../cli/operations-client.ts';
import { showPlainly } from '../cli/show.ts';
import { type Cell, table } from '../cli/text.ts';
import { humanTime } from '../cli/time.ts';

interface Page {
  readonly proposals: readonly ProposalAnswer[];
  readonly next: string | null;
}

export async function proposalList(
  context: Context,
  { after, all = false }: { readonly after?: string; readonly all?: boolean },
): Promise<void> {
  const call = await connect(context);
  const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
  const page = await call<Page>('GET', `/proposals${query}`);
  const shown = all ? page.proposals : page.proposals.filter(({ state }) => state === 'open');
  showPlainly(context, { ...page, proposals: shown }, () => human(shown, page, context));
}

function human(shown: readonly ProposalAnswer[], { next }: Page, { terminal }: Context): string {
  const more = next === null ? '' : `\n\nThere are more: --after ${next}`;
  if (shown.length === 0) return `no open proposals${more}`;
  const rows = shown.map((proposal): Cell[] => [
    [proposal.id, 'bold'],
    stateCell(proposal.state),
    proposal.act,
    proposal.subject,
    proposal.proposed_by,
    humanTime(proposal.expires_at, terminal.nowSeconds),
    proposal.state === 'open' ? proposal.approvers.join(' ') || 'nobody' : '-',
  ]);
  const headings = ['id', 'state', 'act', 'subject', 'proposed by', 'expires', 'can approve'];
  return `${table(headings, rows, terminal.colour)}${more}`;
}
