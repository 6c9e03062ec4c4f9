import type { BrokenChain } from '../../kernel/audit-chain.ts';
import type { IssuedQuestion, LivingTokens, LivingTokensQuestion } from '../../kernel/ledger-search.ts';
import { brokenAmong, type RecordColumns } from '../ledger-row.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { statement } from '../rows.ts';

interface IssuedRows {
  readonly tokens: number;
  readonly rows: readonly (RecordColumns & { readonly archived: boolean })[];
  /** Rows that were met and count for nothing. */
  readonly broken: readonly BrokenChain[];
  readonly complete: boolean;
}

/** Where more was issued than can be read in this time, it is answered for in part. */
const BUDGET_MS = 3_000;

const COLUMNS = {
  jti: 'jti',
  client: 'client_id',
  subject: 'subject',
} as const satisfies Record<IssuedQuestion['by'], keyof RecordColumns>;

interface LivingCounts {
  tokens: number;
  longer: number;
  withoutSubject: number;
}

const LIVING =
  statement<LivingCounts>(`SELECT count(*) AS tokens, count(*) FILTER (WHERE exp - iat > ?) AS longer,
  count(*) FILTER (WHERE subject IS NULL) AS "withoutSubject" FROM issuance_records
  WHERE sequence > ? AND sequence <= ? AND scope_id = ? AND exp > ? AND exp - iat <= ?`);

export async function issued({ windows, groups }: OpenLedger, question: IssuedQuestion): Promise<IssuedRows> {
  const { by, values, from, to, limit } = question;
  const deadline = performance.now() + BUDGET_MS;
  const [one = '', other = one] = values;
  const { count, list } = statementsBy(COLUMNS[by]);
  const found: (RecordColumns & { archived: boolean })[] = [];
  const broken: BrokenChain[] = [];
  let tokens = 0;
  const parts = await windows.between(from, to);
  const { complete } = await windows.over(parts, deadline, async (rows, bounds, archived) => {
    const filters = [...bounds, from, to, one, other];
    tokens += (await rows.first(count, ...filters))?.tokens ?? 0;
    const wanted = limit - found.length;
    if (wanted <= 0) return undefined;
    const listed = await rows.all(list, ...filters, wanted);
    const flawed = brokenAmong(listed, await groups.flawsOf(rows, listed, archived));
    broken.push(...flawed.values());
    found.push(...listed.filter((row) => !flawed.has(row)).map((row) => ({ ...row, archived })));
    return undefined;
  });
  return { tokens: tokens - broken.length, rows: found, broken, complete };
}

function statementsBy(column: keyof RecordColumns) {
  const query = `FROM issuance_records WHERE sequence > ? AND sequence <= ? AND iat >= ? AND iat <= ?
    AND ${column} IN (?, ?)`;
  return {
    count: statement<{ tokens: number }>(`SELECT count(*) AS tokens ${query}`),
    list: statement<RecordColumns>(`SELECT * ${query} ORDER BY sequence LIMIT ?`),
  };
}

export async function livingTokens(
  { windows }: OpenLedger,
  question: LivingTokensQuestion,
): Promise<LivingTokens> {
  const { scopeId, at, acceptedTtlSeconds, ttlSeconds } = question;
  const deadline = performance.now() + BUDGET_MS;
  const counted: LivingCounts = { tokens: 0, longer: 0, withoutSubject: 0 };
  // The latest first: they live longest.
  const latestFirst = (await windows.between(at - acceptedTtlSeconds, at)).toReversed();
  const { complete } = await windows.over(latestFirst, deadline, async (rows, bounds) => {
    const found = await rows.first(LIVING, ttlSeconds, ...bounds, scopeId, at, acceptedTtlSeconds);
    counted.tokens += found?.tokens ?? 0;
    counted.longer += found?.longer ?? 0;
    counted.withoutSubject += found?.withoutSubject ?? 0;
    return undefined;
  });
  return { ...counted, complete };
}
