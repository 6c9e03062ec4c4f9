import type { Colour } from '../cli/colour.ts';
import type { Context } from '../cli/context.ts';
import type {
  IssuedAroundAnswer,
  ReportAnswer,
  ReportFindingsAnswer,
  ReportSummaryAnswer,
} from './cli-answers.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime, utc } from '../cli/time.ts';

/** Of what a report is about: what is ours and should not be where it was found stands out. */
const ABOUT = new Map<string, readonly [text: string, colour: Colour | undefined]>([
  ['issued', ['an issued token', 'yellow']],
  ['forged', ['a forged token', 'red']],
  ['altered', ['an altered token', 'yellow']],
  ['credential', ['a credential', 'red']],
  ['credential_unknown', ['a credential that nobody here has', 'yellow']],
  ['foreign', ['nothing of ours', undefined]],
  ['unexamined', ['a token that was not looked into', 'yellow']],
  ['no_token', ['no token', undefined]],
]);

export function describeReports(reports: readonly ReportSummaryAnswer[], { terminal }: Context): string {
  if (reports.length === 0) return 'no reports';
  return table(
    ['report', 'scope', 'about', 'state', 'owner', 'received'],
    reports.map((report) => [
      [report.report, 'bold'],
      report.scope,
      about(report),
      state(report),
      report.owner ?? '-',
      humanTime(report.received_at, terminal.nowSeconds),
    ]),
    terminal.colour,
  );
}

export function describeReport(report: ReportAnswer, { terminal }: Context): string {
  const { colour, nowSeconds } = terminal;
  const head = fields(
    [
      ['report', [report.report, 'bold']],
      ['scope', report.scope],
      ['received', humanTime(report.received_at, nowSeconds)],
      ['about', about(report)],
      ['digest', report.digest ?? '-'],
      ['state', state(report)],
      ['owner', report.owner ?? '-'],
      ['same token', report.same_token.join(' ') || '-'],
      ['contact', report.erased ? 'erased' : (report.contact ?? '-')],
    ],
    colour,
  );
  const parts = [head, said(report)];
  if (report.findings) parts.push(...found(report.findings, colour));
  if (report.steps.length > 0) {
    const rows = report.steps.map(({ step, by, at, outcome, note }): readonly Cell[] => [
      utc(at),
      by,
      outcome === null ? step : `${step}: ${outcome}`,
      note ?? '',
    ]);
    parts.push(table(['when', 'who', 'what', 'note'], rows, colour));
  }
  return parts.join('\n\n');
}

/** A line at a time: a line break of the reporter's is one here. */
function said({ text, erased }: ReportAnswer): string {
  if (erased) return 'what was written was erased';
  if (text === null) return 'nothing was written';
  return fields(
    text.split('\n').map((line) => ['>', line] as const),
    false,
  );
}

function found(of: ReportFindingsAnswer, colour: boolean): readonly string[] {
  const { key, record, around, failure } = of;
  const rows: (readonly [string, Cell])[] = [
    ['signature', of.signature === 'right' ? ['right', 'bold'] : of.signature],
    ['verdict', of.verdict ?? '-'],
    ['key', key ? `${key.kid} of ${key.scope}, ${key.state}, ${key.proof}` : of.readable ? 'not ours' : '-'],
    ['record', record ? `${record.client}, ${utc(record.iat)}, jti ${record.jti}` : 'none'],
    ['revoked', of.revoked ? 'yes' : 'no'],
  ];
  for (const each of of.credentials) rows.push(['credential', credential(each)]);
  if (failure !== null) rows.push(['failure', [failure, 'red']]);
  if (!around) return [fields(rows, colour)];
  const since = `from ${utc(around.from)} to ${utc(around.to)}`;
  rows.push(['client got', `${counted(around.client)} ${since}`]);
  if (around.subject) rows.push(['subject got', `${counted(around.subject)} ${since}`]);
  const listed = (around.subject ?? around.client).listed;
  const others = table(
    ['issued', 'client', 'scope', 'jti'],
    listed.map(({ iat, client, scope, jti }) => [utc(iat), client, scope, jti]),
    colour,
  );
  return [fields(rows, colour), `${around.subject ? 'to the subject' : 'to the client'}:\n${others}`];
}

function credential({ holder, live }: ReportFindingsAnswer['credentials'][number]): Cell {
  if (holder === null) return 'nobody here has it';
  return live ? [`${holder}, live when it was shown`, 'red'] : `${holder}, not live when it was shown`;
}

function counted({ tokens, complete }: IssuedAroundAnswer): string {
  return `${complete ? '' : 'at least '}${tokens} token${tokens === 1 ? '' : 's'}`;
}

function about({ about: of }: ReportSummaryAnswer): Cell {
  if (of === null) return 'being looked into';
  const [text, colour] = ABOUT.get(of) ?? [of, undefined];
  return colour === undefined ? text : [text, colour];
}

function state({ state: of, outcome }: ReportSummaryAnswer): Cell {
  if (of === 'open') return ['open', 'yellow'];
  return outcome === null ? of : `${of}: ${outcome}`;
}
