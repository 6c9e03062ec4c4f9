import type { Applied } from './apply-plan.ts';
import type { Context } from './context.ts';
import { CHANGE_HEADINGS, changeCells } from './describe-plan.ts';
import { type Cell, table } from './table.ts';
import { humanTime } from './time.ts';

const COLOURS = { done: 'green', proposed: 'yellow', waits: 'dim' } as const;

/** A line for each change with what became of it, then the proposals and the credentials, then the sum. */
export function describeApplied(applied: readonly Applied[], { terminal }: Context): string {
  if (applied.length === 0) return 'Nothing to do.';
  const rows = applied.flatMap(({ outcome, step }) =>
    step.changes.map((change): readonly Cell[] => [[outcome, COLOURS[outcome]], ...changeCells(change)]),
  );
  const parts = [table(['outcome', ...CHANGE_HEADINGS], rows, terminal.colour)];
  const proposals = applied.flatMap((each) => (each.outcome === 'proposed' ? [each] : []));
  if (proposals.length > 0) {
    const cells = proposals.map(({ proposal }): readonly Cell[] => [
      [proposal.id, 'bold'],
      proposal.act,
      proposal.subject,
      proposal.proposed_by,
      proposal.approvers.join(' ') || 'nobody',
      humanTime(proposal.expires_at, terminal.nowSeconds),
    ]);
    parts.push(
      table(['proposal', 'act', 'subject', 'proposed by', 'can approve', 'expires'], cells, terminal.colour),
    );
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

function sumOf(applied: readonly Applied[]): string {
  const count = (outcome: Applied['outcome']) =>
    applied.filter((each) => each.outcome === outcome).flatMap(({ step }) => step.changes).length;
  const sum = `${count('done')} done, ${count('proposed')} proposed, ${count('waits')} waiting for those.`;
  return count('proposed') === 0 ? sum : `${sum} Apply again once they are approved.`;
}
