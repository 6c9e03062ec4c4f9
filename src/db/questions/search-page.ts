import type { BrokenChain } from '../../kernel/audit-chain.ts';
import type { LedgerQuery } from '../../kernel/ledger-search.ts';
import { hashedSubject } from '../../kernel/policy.ts';
import { brokenAmong, type RecordColumns } from '../ledger-row.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { type Statement, statement } from '../rows.ts';

interface PageQuery {
  readonly query: LedgerQuery;
  readonly after: number;
  readonly limit: number;
}

export interface SearchPage {
  readonly rows: readonly RecordColumns[];
  /** Which of the rows count for nothing. */
  readonly broken: ReadonlyMap<RecordColumns, BrokenChain>;
  readonly archived: boolean;
  readonly next: number | null;
}

/** Records looked at for one page: it bounds how long a page takes. */
const WINDOW = 50_000;
/** By how much the time of a commit may lie from the `iat` of its records. */
const CLOCK_SLACK_SECONDS = 86_400;

const FILTERS = {
  scopeId: 'scope_id = ?',
  kid: 'kid = ?',
  jti: 'jti = ?',
  clientId: 'client_id = ?',
  root: 'root = ?',
  from: 'iat >= ?',
  to: 'iat <= ?',
} as const satisfies Partial<Record<keyof LedgerQuery, string>>;

export function searchPage(
  { connection, ranges, groups }: OpenLedger,
  { query, after, limit }: PageQuery,
): Promise<SearchPage> {
  return connection.read(async (rows) => {
    const { from, to } = query;
    const first = from === undefined ? 1 : await ranges.firstSince(rows, from - CLOCK_SLACK_SECONDS);
    const last = await ranges.lastUntil(rows, to === undefined ? null : to + CLOCK_SLACK_SECONDS);
    const rest = await ranges.between(rows, Math.max(first, after + 1), last);
    const range = rest[0];
    if (!range) return { rows: [], broken: new Map(), archived: false, next: null };
    const archived = range.archive !== null;
    const until = Math.min(range.last, range.first + WINDOW - 1);
    const { text, values } = filtered(query);
    const page = await ranges.within(rows, range, async (part) => {
      const found = await part.all(text, range.first - 1, until, ...values, limit);
      return { rows: found, broken: brokenAmong(found, await groups.flawsOf(part, found, archived)) };
    });
    const reached = page.rows.length === limit ? (page.rows.at(-1)?.sequence ?? until) : until;
    const end = rest.length === 1 && reached === range.last;
    return { ...page, archived, next: end ? null : reached };
  });
}

/** Its parameters begin with the sequences between which it looks, the first excluded, and end with a limit. */
function filtered(query: LedgerQuery): {
  readonly text: Statement<RecordColumns>;
  readonly values: readonly (string | number)[];
} {
  const members = (Object.keys(FILTERS) as (keyof typeof FILTERS)[]).filter(
    (each) => query[each] !== undefined,
  );
  const { subject } = query;
  const subjects = subject === undefined ? [] : [subject, hashedSubject(subject)];
  const filters = [
    'sequence > ? AND sequence <= ?',
    ...members.map((each) => FILTERS[each]),
    ...(subjects.length > 0 ? ['subject IN (?, ?)'] : []),
  ];
  return {
    text: statement(
      `SELECT * FROM issuance_records WHERE ${filters.join(' AND ')} ORDER BY sequence LIMIT ?`,
    ),
    values: [...members.map((each) => query[each] as string | number), ...subjects],
  };
}
