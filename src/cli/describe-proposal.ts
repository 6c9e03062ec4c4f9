import { safeJson } from '../lib/safe-json.ts';
import type { ProposalAnswer } from './answers.ts';
import type { Colour } from './colour.ts';
import type { Context } from './context.ts';
import { proposedDigest } from './open-proposals.ts';
import { type Cell, fields, table } from './text.ts';
import { humanTime } from './time.ts';

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
  const changed = table(['member', 'is', 'would be'], changes, terminal.colour);
  return `${fields(members, terminal.colour)}\n\n${changed}`;
}

function text(value: unknown): string {
  if (value === null) return '-';
  return typeof value === 'string' ? value : safeJson(value);
}
