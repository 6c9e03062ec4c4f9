import type { BrokenChain } from '../../kernel/audit-chain.ts';
import type { IssuedQuestion, LivingTokens, LivingTokensQuestion } from '../../kernel/ledger-search.ts';
import { brokenAmong, type RecordColumns } from '../ledger-row.ts';
import type { OpenLedger } from '../open-ledger.ts';

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

const LIVING = `SELECT count(*) AS tokens, count(*) FILTER (WHERE exp - iat > ?) AS longer,
  count(*) FILTER (WHERE subject IS NULL) AS withoutSubject FROM issuance_records
  WHERE sequence > ? AND sequence <= ? AND scope_id = ? AND exp > ? AND exp - iat <= ?`;

export function issued({ windows, groups }: OpenLedger, question: IssuedQuestion): IssuedRows {
  const { by, values, from, to, limit } = question;
  const deadline = performance.now() + BUDGET_MS;
  const query = `FROM issuance_records WHERE sequence > ? AND sequence <= ? AND iat >= ? AND iat <= ?
    AND ${COLUMNS[by]} IN (?, ?)`;
  const [one = '', other = one] = values;
  const rows: (RecordColumns & { archived: boolean })[] = [];
  const broken: BrokenChain[] = [];
  let tokens = 0;
  const { complete } = windows.over(windows.between(from, to), deadline, (source, bounds, archived) => {
    const filters = [...bounds, from, to, one, other];
    const counted = source.prepare(`SELECT count(*) AS tokens ${query}`).get(...filters);
    tokens += (counted as { tokens: number }).tokens;
    const wanted = limit - rows.length;
    if (wanted <= 0) return undefined;
    const list = source.prepare(`SELECT * ${query} ORDER BY sequence LIMIT ?`);
    const found = list.all(...filters, wanted) as unknown as RecordColumns[];
    const flawed = brokenAmong(found, (row) => groups.flawOf(source, row, archived));
    broken.push(...flawed.values());
    rows.push(...found.filter((row) => !flawed.has(row)).map((row) => ({ ...row, archived })));
    return undefined;
  });
  return { tokens: tokens - broken.length, rows, broken, complete };
}

export function livingTokens({ windows }: OpenLedger, question: LivingTokensQuestion): LivingTokens {
  const { scopeId, at, acceptedTtlSeconds, ttlSeconds } = question;
  const deadline = performance.now() + BUDGET_MS;
  const counted = { tokens: 0, longer: 0, withoutSubject: 0 };
  // The latest first: they live longest.
  const latestFirst = windows.between(at - acceptedTtlSeconds, at).toReversed();
  const { complete } = windows.over(latestFirst, deadline, (source, bounds) => {
    const filters = [ttlSeconds, ...bounds, scopeId, at, acceptedTtlSeconds];
    const row = source.prepare(LIVING).get(...filters) as unknown as typeof counted;
    counted.tokens += row.tokens;
    counted.longer += row.longer;
    counted.withoutSubject += row.withoutSubject;
    return undefined;
  });
  return { ...counted, complete };
}
