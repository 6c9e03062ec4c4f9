import type { ProposalAnswer } from './answers.ts';
import type { Applied } from './apply-plan.ts';
import type { Context, Terminal } from './context.ts';
import { CHANGE_HEADINGS, changeCells } from './describe-plan.ts';
import { proposedDigest } from './open-proposals.ts';
import { type Cell, table } from './text.ts';
import { humanTime } from './time.ts';

const FOREIGN =
  'Their credentials are not in your folder: once approved, whoever made them holds the client. Ask who proposed them, and reject what nobody knows.';
const COLOURS = { done: 'green', proposed: 'yellow', foreign: 'red', waits: 'dim' } as const;

/** A line for each change with what became of it, then the proposals and the credentials, then the sum. */
export function describeApplied(applied: readonly Applied[], { terminal }: Context): string {
  if (applied.length === 0) return 'Nothing to do.';
  const rows = applied.flatMap(({ outcome, step }) =>
    step.changes.map((change): readonly Cell[] => [[outcome, COLOURS[outcome]], ...changeCells(change)]),
  );
  const parts = [table(['outcome', ...CHANGE_HEADINGS], rows, terminal.colour)];
  const proposals = applied.flatMap((each) => (each.outcome === 'proposed' ? [each.proposal] : []));
  if (proposals.length > 0) {
    parts.push(proposalTable('proposal', proposals, terminal));
  }
  const foreign = applied.flatMap((each) => [
    ...(each.outcome === 'foreign' ? [each.proposal] : []),
    ...(each.rivals ?? []),
  ]);
  if (foreign.length > 0) {
    parts.push(proposalTable('not yours', foreign, terminal), FOREIGN);
  }
  const files = applied.flatMap((each) => each.credentialFile ?? []);
  if (files.length > 0)
    parts.push(
      table(
        ['credentials'],
        files.map((file) => [file]),
        terminal.colour,
      ),
    );
  return [...parts, sumOf(applied)].join('\n\n');
}

function proposalTable(heading: string, proposals: readonly ProposalAnswer[], terminal: Terminal): string {
  const withDigest = proposals.some((proposal) => proposedDigest(proposal) !== undefined);
  const cells = proposals.map((proposal): readonly Cell[] => [
    [proposal.id, 'bold'],
    proposal.act,
    proposal.subject,
    proposal.proposed_by,
    ...(withDigest ? [proposedDigest(proposal) ?? '-'] : []),
    proposal.approvers.join(' ') || 'nobody',
    humanTime(proposal.expires_at, terminal.nowSeconds),
  ]);
  const headings = [
    heading,
    'act',
    'subject',
    'proposed by',
    ...(withDigest ? ['credential digest'] : []),
    'can approve',
    'expires',
  ];
  return table(headings, cells, terminal.colour);
}

function sumOf(applied: readonly Applied[]): string {
  const count = (outcome: Applied['outcome']) =>
    applied.filter((each) => each.outcome === outcome).flatMap(({ step }) => step.changes).length;
  const proposed = count('proposed') + count('foreign');
  const sum = `${count('done')} done, ${proposed} proposed, ${count('waits')} waiting for those.`;
  return proposed === 0 ? sum : `${sum} Apply again once they are approved.`;
}
