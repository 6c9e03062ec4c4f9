import type { Context } from '../cli/context.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime, utc } from '../cli/time.ts';
import type { PeriodAnswer, SignedOffAnswer } from './cli-answers.ts';

export function describePeriod({ from, to, first_event, last_event }: PeriodAnswer): string {
  const events = last_event < first_event ? 'no events' : `events ${first_event} to ${last_event}`;
  return `${utc(from)} to ${utc(to)}, ${events} of the audit trail`;
}

export function describeSignedOff(of: SignedOffAnswer, { terminal }: Context): string {
  return fields(
    [
      ['signed off', [humanTime(of.signed_off_at, terminal.nowSeconds), 'green']],
      ['by', of.signed_off_by],
      ['period', describePeriod(of.period)],
      ['acts', `${of.acts}, of them ${of.own_acts} of the reviewer’s own`],
      ['digest', of.digest],
      ['note', of.note],
    ],
    terminal.colour,
  );
}

interface Reviews {
  readonly reviews: readonly SignedOffAnswer[];
  readonly covered_until: number;
  readonly overdue_at: number;
}

/** A line for each review, and when the next is overdue. */
export function describeSignedOffs(
  { reviews, covered_until, overdue_at }: Reviews,
  context: Context,
): string {
  const { nowSeconds, colour } = context.terminal;
  const overdue = nowSeconds > overdue_at;
  const next = fields(
    [
      ['looked at until', humanTime(covered_until, nowSeconds)],
      ['overdue', [humanTime(overdue_at, nowSeconds), overdue ? 'red' : 'green']],
    ],
    colour,
  );
  if (reviews.length === 0) return `no review was signed off; look with: keyward review\n\n${next}`;
  const rows = reviews.map((of): readonly Cell[] => [
    utc(of.signed_off_at),
    of.signed_off_by,
    utc(of.period.from),
    utc(of.period.to),
    `${of.own_acts} of ${of.acts}`,
    of.note,
  ]);
  return `${table(['signed off', 'by', 'from', 'to', 'own acts', 'note'], rows, colour)}\n\n${next}`;
}
