import { LARGEST_PAGE } from '../cli/arguments.ts';
import type { Context } from '../cli/context.ts';
import { connect, withQuery } from '../cli/operations-client.ts';
import { more, requireScope } from '../cli/pages.ts';
import { show } from '../cli/show.ts';
import { type Cell, kidCell, table } from '../cli/table.ts';
import { findKid } from '../keys/cli-output.ts';
import type { ErasedAnswer, LedgerPageAnswer, LedgerRecordAnswer } from './routes/search.ts';

interface LedgerFindOptions {
  readonly after?: number;
  readonly limit?: number;
  readonly jti?: string;
  readonly kid?: string;
  readonly client?: string;
  readonly subject?: string;
  readonly root?: string;
  readonly scope?: string;
  readonly from?: number;
  readonly to?: number;
}

const HEADINGS = [
  'issued',
  'scope',
  'client',
  'subject',
  'root',
  'jti',
  'kid',
  { name: 'trace', extra: true },
] as const;

/** Prints page after page as they come: there may be millions. */
export async function ledgerFind(context: Context, options: LedgerFindOptions): Promise<void> {
  const call = await connect(context);
  const { after: first = 0, limit: most = Number.POSITIVE_INFINITY, ...asked } = options;
  const { kid } = asked;
  const query = kid === undefined ? asked : { ...asked, kid: await findKid(call, kid) };
  let found = 0;
  let after: number | null = first;
  while (after !== null && found < most) {
    const limit = Math.min(LARGEST_PAGE, most - found);
    const page: LedgerPageAnswer = await call('GET', withQuery('/ledger', { ...query, after, limit }));
    if (page.records.length > 0) print(context, page.records, found === 0);
    found += page.records.length;
    after = page.next;
  }
  if (found === 0) await requireScope(call, options.scope);
  if (context.options.json) return;
  if (found === 0) context.terminal.print('no records');
  else if (after !== null) context.terminal.print(more(after).slice(1));
}

function print(context: Context, records: readonly LedgerRecordAnswer[], first: boolean): void {
  const { structured } = context;
  const lines = structured
    ? records.map((record) => structured.item(record))
    : [rows(context, records, first)];
  context.terminal.print(lines.join('\n'));
}

function rows({ terminal }: Context, records: readonly LedgerRecordAnswer[], first: boolean): string {
  return table(
    HEADINGS,
    records.map((record) => [
      { time: record.iat },
      record.scope,
      record.client,
      personal(record.subject, record),
      personal(record.root, record),
      record.jti,
      kidCell(record.kid),
      record.trace_id ?? '-',
    ]),
    terminal,
    { headless: !first },
  );
}

function personal(value: string | null, { erased }: LedgerRecordAnswer): Cell {
  return erased ? ['erased', 'dim'] : (value ?? '-');
}

export async function ledgerErase(
  context: Context,
  { subject }: { readonly subject: string },
): Promise<void> {
  const call = await connect(context);
  const answer = await call<ErasedAnswer>('POST', '/ledger/erase', { subject });
  show(
    context,
    answer,
    () =>
      `erased in ${answer.records} records, ${answer.security_events} security events and ${answer.reports} reports`,
  );
}
