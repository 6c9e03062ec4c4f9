import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { more, type Paging, pages, requireScope } from '../cli/pages.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, type Page, table } from '../cli/table.ts';
import { type Colour, humanTime, utc } from '../cli/text.ts';
import { plural } from '../lib/instant.ts';
import type { CasePageAnswer } from './routes/admin.ts';
import type { CaseAnswer, CaseSummary } from './routes/wire.ts';

type Findings = NonNullable<CaseAnswer['findings']>;
type IssuedAround = NonNullable<Findings['around']>['client'];

export async function listReports(
  context: Context,
  options: Paging<number> & { readonly state?: string; readonly scope?: string },
): Promise<void> {
  const call = await connect(context);
  const answer: CasePageAnswer = await pages(call, '/reports', 'reports', options);
  if (answer.reports.length === 0) await requireScope(call, options.scope);
  show(context, answer, () => describeReports(answer.reports, context) + more(answer.next));
}

export async function showReport(context: Context, number: string): Promise<void> {
  const call = await connect(context);
  showCase(context, await call<{ report: CaseAnswer }>('GET', `/reports/${encodeURIComponent(number)}`));
}

/** Shows the case as it then stands. */
export async function changeReport(
  context: Context,
  number: string,
  step: 'take' | 'note' | 'close' | 'erase',
  body: object | undefined,
): Promise<void> {
  const call = await connect(context);
  const path = `/reports/${encodeURIComponent(number)}/${step}`;
  showCase(context, await call<{ report: CaseAnswer }>('POST', path, body));
}

function showCase(context: Context, answer: { readonly report: CaseAnswer }): void {
  show(context, answer, () => describeReport(answer.report, context));
}

/** Of what a report is about: what is ours and should not be where it was found stands out. */
const ABOUT = new Map<string, readonly [text: string, colour: Colour | undefined]>([
  ['issued', ['an issued token', 'yellow']],
  ['forged', ['a forged token', 'red']],
  ['altered', ['an altered token', 'yellow']],
  ['credential', ['a credential', 'red']],
  ['credential_unknown', ['a credential that nobody here has, or a PIN', 'yellow']],
  ['foreign', ['nothing of ours', undefined]],
  ['unexamined', ['a token that was not looked into', 'yellow']],
  ['no_token', ['no token', undefined]],
]);

function describeReports(reports: readonly CaseSummary[], { terminal }: Context): string {
  if (reports.length === 0) return 'no reports';
  return table(
    ['report', 'scope', 'about', 'state', 'owner', 'received'],
    reports.map((report) => [
      [report.report, 'bold'],
      report.scope,
      about(report),
      state(report),
      report.owner ?? '-',
      { time: report.received_at },
    ]),
    terminal,
  );
}

function describeReport(report: CaseAnswer, { terminal }: Context): string {
  const { nowSeconds } = terminal;
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
    terminal,
  );
  const parts = [head, said(report, terminal)];
  if (report.findings) parts.push(...found(report.findings, terminal));
  if (report.steps.length > 0) {
    const rows = report.steps.map(({ step, by, at, outcome, note }): readonly Cell[] => [
      { time: at },
      by,
      outcome === null ? step : `${step}: ${outcome}`,
      note ?? '',
    ]);
    parts.push(table(['when', 'who', 'what', 'note'], rows, terminal));
  }
  return parts.join('\n\n');
}

/** A line at a time: a line break of the reporter's is one here. */
function said({ text, erased }: CaseAnswer, { columns, nowSeconds }: Page): string {
  if (erased) return 'what was written was erased';
  if (text === null) return 'nothing was written';
  return fields(
    text.split('\n').map((line) => ['>', line] as const),
    { colour: false, columns, nowSeconds },
  );
}

function found(of: Findings, page: Page): readonly string[] {
  const { key, record, around, failure } = of;
  const rows: (readonly [string, Cell])[] = [
    ['signature', of.signature === 'right' ? ['right', 'bold'] : of.signature],
    ['verdict', of.verdict ?? '-'],
    ['key', key ? `${key.kid} of ${key.scope}, ${key.state}, ${key.proof}` : of.readable ? 'not ours' : '-'],
    ['record', record ? `${record.client}, ${utc(record.iat)}, jti ${record.jti}` : 'none'],
    ['revoked', of.revoked ? 'yes' : 'no'],
  ];
  for (const each of of.credentials) rows.push(['credential', credential(each)]);
  if (of.pins > 0) rows.push(['PINs', `${of.pins}: look with keyward scan --pin-file where they lay`]);
  if (failure !== null) rows.push(['failure', [failure, 'red']]);
  if (!around) return [fields(rows, page)];
  const since = `from ${utc(around.from)} to ${utc(around.to)}`;
  rows.push(['client got', `${counted(around.client)} ${since}`]);
  if (around.subject) rows.push(['subject got', `${counted(around.subject)} ${since}`]);
  const listed = (around.subject ?? around.client).listed;
  const others = table(
    ['issued', 'client', 'scope', 'jti'],
    listed.map(({ iat, client, scope, jti }) => [{ time: iat }, client, scope, jti]),
    page,
  );
  return [fields(rows, page), `${around.subject ? 'to the subject' : 'to the client'}:\n${others}`];
}

function credential({ holder, live }: Findings['credentials'][number]): Cell {
  if (holder === null) return 'nobody here has it';
  return live ? [`${holder}, live when it was shown`, 'red'] : `${holder}, not live when it was shown`;
}

function counted({ tokens, complete }: IssuedAround): string {
  return `${complete ? '' : 'at least '}${plural(tokens, 'token')}`;
}

function about({ about: of }: CaseSummary): Cell {
  if (of === null) return 'being looked into';
  const [text, colour] = ABOUT.get(of) ?? [of, undefined];
  return colour === undefined ? text : [text, colour];
}

function state({ state: of, outcome }: CaseSummary): Cell {
  if (of === 'open') return ['open', 'yellow'];
  return outcome === null ? of : `${of}: ${outcome}`;
}
