import { safeJson } from '../lib/safe-json.ts';
import type { ProposalAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { describeProposal } from './describe-proposal.ts';
import { EXIT } from './failure.ts';

/**
 * The service's answer as it is with `--json`, else what `human` makes of it. Where it is a proposal that takes
 * another person, that is shown instead, and the command ends with an exit code of its own.
 */
export function show(context: Context, answer: unknown, human: () => string): void {
  const proposal = proposalIn(answer);
  if (proposal) showProposed(context, answer, proposal);
  else showPlainly(context, answer, human);
}

function showProposed(context: Context, answer: unknown, proposal: ProposalAnswer): void {
  context.terminal.endWith(EXIT.proposed);
  showPlainly(context, answer, () => {
    const how = `keyward proposal approve ${proposal.id}`;
    return `${describeProposal(proposal, context)}\n\nIt takes another operator, who runs: ${how}`;
  });
}

/** For what shows proposals without opening one. */
export function showPlainly(context: Context, answer: unknown, human: () => string): void {
  context.terminal.print(context.options.json ? safeJson(answer, 2) : human());
}

/** Also beside what the command line adds to an answer. */
export function proposalIn(answer: unknown): ProposalAnswer | undefined {
  return (answer as { readonly proposal?: ProposalAnswer }).proposal;
}
