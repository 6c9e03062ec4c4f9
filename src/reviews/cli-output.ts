import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, type Heading, subjectCell, table } from '../cli/table.ts';
import { humanTime, paint, utc } from '../cli/text.ts';
import { severityCell } from '../events/cli-output.ts';
import type { ReviewAnswer, SignedOffAnswer, SignedOffList } from './routes/wire.ts';

export async function reviewShow(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<ReviewAnswer>('GET', '/reviews/current');
  show(context, answer, () => describeReview(answer, context));
}

export async function reviewSignOff(
  context: Context,
  { note, digest }: { readonly note: string; readonly digest?: string },
): Promise<void> {
  const call = await connect(context);
  const body = digest === undefined ? { note } : { note, digest };
  const answer = await call<{ review: SignedOffAnswer }>('POST', '/reviews', body);
  show(context, answer, () => describeSignedOff(answer.review, context));
}

export async function reviewList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<SignedOffList>('GET', '/reviews');
  show(context, answer, () => describeSignedOffs(answer, context));
}

/** What is to be looked at, a table for each kind, and how to sign it off. */
function describeReview(answer: ReviewAnswer, { terminal }: Context): string {
  const { review } = answer;
  const { colour } = terminal;
  const section = <T>(
    title: string,
    { listed, more }: { readonly listed: readonly T[]; readonly more: number },
    headings: readonly Heading[],
    row: (of: T) => readonly Cell[],
  ) => {
    const head = paint(title, 'bold', colour);
    if (listed.length === 0) return `${head}: none`;
    const left = more > 0 ? `\n… and ${more} more` : '';
    return `${head}\n${table(headings, listed.map(row), terminal)}${left}`;
  };
  const parts = [
    `review of ${describePeriod(review.period)}`,
    section(
      'Events not resolved',
      review.unresolved,
      ['event', 'severity', 'type', 'subject', 'state'],
      (of) => [String(of.sequence), severityCell(of.severity), of.type, subjectCell(of.subject), of.state],
    ),
    section('Administrative acts', review.acts, ['act', 'times', 'by', 'last'], (of) => [
      of.type,
      String(of.count),
      of.by.join(', '),
      { time: of.last_at },
    ]),
    section(
      'New clients and operators',
      review.new_callers,
      ['who', 'enrolled', 'by', 'approved by'],
      (of) => [of.caller, { time: of.at }, of.by, of.approved_by ?? '-'],
    ),
    section('New sources', review.new_sources, ['who', 'from', 'event', 'seen'], (of) => [
      of.caller,
      of.network,
      String(of.event),
      { time: of.at },
    ]),
    section('Denied attempts', review.denied, ['who', 'what', 'why', 'times', 'from'], (of) => [
      of.caller ?? 'unknown',
      of.what,
      of.code,
      String(of.count),
      of.remotes.join(', ') || '-',
    ]),
    section('Changes in volume', review.volume, ['client', 'scope', 'tokens', 'before', 'change'], (of) => [
      of.client,
      of.scope,
      String(of.tokens),
      of.before === null ? '-' : String(of.before),
      change(of),
    ]),
    section('Issued at odd hours', review.odd_hours, ['client', 'scope', 'hour', 'tokens'], (of) => [
      of.client,
      of.scope,
      { time: of.at },
      String(of.tokens),
    ]),
    ...notes(answer),
  ];
  return parts.join('\n\n');
}

function change({ tokens, before }: { readonly tokens: number; readonly before: number | null }): Cell {
  if (before === null) return ['no comparison', 'dim'];
  if (before === 0) return ['new', 'yellow'];
  return [`× ${(tokens / before).toFixed(2)}`, 'yellow'];
}

function notes({ review, acts, own_acts, digest }: ReviewAnswer): readonly string[] {
  return [
    ...(review.ledger_counted_from === null
      ? []
      : [
          `There was too much to count: volumes and odd hours are of what was issued since ${utc(review.ledger_counted_from)}.`,
        ]),
    ...(review.period.more ? ['There is more after it: sign this off, and look again.'] : []),
    ...(own_acts > 0
      ? [`${own_acts} of ${acts} administrative acts are your own: somebody else should look at them.`]
      : []),
    `digest ${digest}\nsign it off with: keyward review sign-off --note "what you found"`,
  ];
}

function describePeriod({ from, to, first_event, last_event }: SignedOffAnswer['period']): string {
  const events = last_event < first_event ? 'no events' : `events ${first_event} to ${last_event}`;
  return `${utc(from)} to ${utc(to)}, ${events} of the audit trail`;
}

function describeSignedOff(of: SignedOffAnswer, { terminal }: Context): string {
  return fields(
    [
      ['signed off', [humanTime(of.signed_off_at, terminal.nowSeconds), 'green']],
      ['by', of.signed_off_by],
      ['period', describePeriod(of.period)],
      ['acts', `${of.acts}, of them ${of.own_acts} of the reviewer’s own`],
      ['digest', of.digest],
      ['note', of.note],
    ],
    terminal,
  );
}

/** A line for each review, and when the next is overdue. */
function describeSignedOffs({ reviews, covered_until, overdue_at }: SignedOffList, context: Context): string {
  const { nowSeconds } = context.terminal;
  const overdue = nowSeconds > overdue_at;
  const next = fields(
    [
      ['looked at until', humanTime(covered_until, nowSeconds)],
      ['overdue', [humanTime(overdue_at, nowSeconds), overdue ? 'red' : 'green']],
    ],
    context.terminal,
  );
  if (reviews.length === 0) return `no review was signed off; look with: keyward review\n\n${next}`;
  const rows = reviews.map((of): readonly Cell[] => [
    { time: of.signed_off_at },
    of.signed_off_by,
    { time: of.period.from },
    { time: of.period.to },
    `${of.own_acts} of ${of.acts}`,
    of.note,
  ]);
  return `${table(['signed off', 'by', 'from', 'to', 'own acts', 'note'], rows, context.terminal)}\n\n${next}`;
}
