import { workerData } from 'node:worker_threads';
import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { IssuedQuestion, LivingTokens, LivingTokensQuestion } from '../kernel/ledger-search.ts';
import { TrustedRuns } from '../kernel/runs.ts';
import type { IssuedCalls, IssuedRows, IssuedSettings } from './issued-protocol.ts';
import { LedgerStretches, LedgerWindows } from './ledger-ranges.ts';
import { brokenAmong, type RecordColumns } from './ledger-row.ts';
import { ReadConnection } from './read-connection.ts';
import { SealedGroups } from './sealed-groups.ts';
import { serveCalls } from './serve-calls.ts';

/** Where more was issued than can be read in this time, it is answered for in part. */
const BUDGET_MS = 3_000;

const settings = workerData as IssuedSettings;
const { file, identity, queries } = settings;
const connection = new ReadConnection(file, identity);
const groups = new SealedGroups(new TrustedRuns(settings.runs), settings.statements);
const ledger = new LedgerWindows(connection, new LedgerStretches(settings));

serveCalls<IssuedCalls>({ issued, living, close: () => void connection.close() }, (error) =>
  connection.recover(error),
);

function issued({ by, values, from, to, limit }: IssuedQuestion): IssuedRows {
  const deadline = performance.now() + BUDGET_MS;
  const { count, list } = queries[by];
  const [one = '', other = one] = values;
  const rows: (RecordColumns & { archived: boolean })[] = [];
  const broken: BrokenChain[] = [];
  let tokens = 0;
  const { complete } = ledger.over(ledger.between(from, to), deadline, (source, bounds, archived) => {
    const filters = [...bounds, from, to, one, other];
    tokens += (source.prepare(count).get(...filters) as { tokens: number }).tokens;
    const wanted = limit - rows.length;
    if (wanted <= 0) return undefined;
    const found = source.prepare(list).all(...filters, wanted) as unknown as RecordColumns[];
    const flawed = brokenAmong(found, (row) => groups.flawOf(source, row, archived));
    broken.push(...flawed.values());
    rows.push(...found.filter((row) => !flawed.has(row)).map((row) => ({ ...row, archived })));
    return undefined;
  });
  return { tokens: tokens - broken.length, rows, broken, complete };
}

function living({ scopeId, at, acceptedTtlSeconds, ttlSeconds }: LivingTokensQuestion): LivingTokens {
  const deadline = performance.now() + BUDGET_MS;
  const counted = { tokens: 0, longer: 0, withoutSubject: 0 };
  // The latest first: they live longest.
  const windows = ledger.between(at - acceptedTtlSeconds, at).toReversed();
  const { complete } = ledger.over(windows, deadline, (source, bounds) => {
    const filters = [ttlSeconds, ...bounds, scopeId, at, acceptedTtlSeconds];
    const row = source.prepare(settings.living).get(...filters) as unknown as typeof counted;
    counted.tokens += row.tokens;
    counted.longer += row.longer;
    counted.withoutSubject += row.withoutSubject;
    return undefined;
  });
  return { ...counted, complete };
}
