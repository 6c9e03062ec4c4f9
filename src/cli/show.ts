import { safeJson } from '../lib/json.ts';
import type { ProposalAnswer, ProposalPageAnswer } from '../server/ask-gate.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import { type Cell, fields, table } from './table.ts';
import { type Colour, humanTime, plainText } from './text.ts';
import { wrapLines } from './wrap.ts';

export type { ProposalAnswer, ProposalPageAnswer };

/** The digest of the credential that a proposal would make good, base64url; undefined for any other proposal. */
export function proposedDigest({ parameters }: Pick<ProposalAnswer, 'parameters'>): string | undefined {
  const { credential_digest: digest } = parameters;
  return typeof digest === 'string' ? digest : undefined;
}

const COLOURS = new Map<string, Colour>([
  ['open', 'yellow'],
  ['executed', 'green'],
  ['failed', 'red'],
]);

export function stateCell(state: string): Cell {
  const colour = COLOURS.get(state);
  return colour ? [state, colour] : state;
}

/** One proposal: who wants what, until when, what it would change, and who may approve it. */
export function describeProposal(proposal: ProposalAnswer, { terminal }: Context): string {
  const time = (seconds: number) => humanTime(seconds, terminal.nowSeconds);
  const members: (readonly [string, Cell])[] = [
    ['proposal', [proposal.id, 'bold']],
    ['state', stateCell(proposal.state)],
    ['act', proposal.act],
    ['subject', proposal.subject],
    ['proposed', `${proposal.proposed_by}, ${time(proposal.proposed_at)}`],
  ];
  const digest = proposedDigest(proposal);
  if (digest !== undefined)
    members.push(['credential', `SHA-256 ${digest}, made by ${proposal.proposed_by}`]);
  const { decided_by, decided_at, failure, approvers } = proposal;
  if (decided_by !== null && decided_at !== null) {
    members.push(['decided', `${decided_by}, ${time(decided_at)}`]);
  }
  if (failure) members.push(['failed', [`${failure.detail} [${failure.code}]`, 'red']]);
  if (proposal.state === 'open') {
    members.push(['expires', time(proposal.expires_at)]);
    const nobody: Cell = ['nobody: another operator needs the role approver', 'red'];
    members.push(['can approve', approvers.length === 0 ? nobody : approvers.join(' ')]);
  }
  const changes = proposal.changes.map(({ member, from, to }) => [member, text(from), text(to)]);
  const changed = table(['member', 'is', 'would be'], changes, terminal);
  return `${fields(members, terminal)}\n\n${changed}`;
}

function text(value: unknown): string {
  if (value === null) return '-';
  return typeof value === 'string' ? value : safeJson(value);
}

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
  const { structured, terminal } = context;
  terminal.print(structured ? structured.whole(answer) : wrapLines(human(), terminal.columns, plainText));
}

/** Also beside what the command line adds to an answer. */
export function proposalIn(answer: unknown): ProposalAnswer | undefined {
  return (answer as { readonly proposal?: ProposalAnswer }).proposal;
}
