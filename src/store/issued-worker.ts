import { workerData } from 'node:worker_threads';
import type { IssuedQuestion } from '../domain/issued-around.ts';
import type { IssuedCalls, IssuedRows, IssuedSettings } from './issued-protocol.ts';
import type { RecordColumns } from './ledger-row.ts';
import { LedgerStretches } from './ledger-stretches.ts';
import { LedgerWindows } from './ledger-windows.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';

/** Hours in which more was issued than can be read in this time are answered for in part. */
const BUDGET_MS = 3_000;

const { file, identity, archiveDir, statements, queries } = workerData as IssuedSettings;
const connection = new ReadConnection(file, identity);
const ledger = new LedgerWindows(connection, new LedgerStretches(archiveDir, statements));

serveCalls<IssuedCalls>({ issued, close: () => void connection.close() }, (error) =>
  connection.recover(error),
);

function issued({ by, values, from, to, limit }: IssuedQuestion): IssuedRows {
  const deadline = performance.now() + BUDGET_MS;
  const { count, list } = queries[by];
  const [one = '', other = one] = values;
  const rows: (RecordColumns & { archived: boolean })[] = [];
  let tokens = 0;
  const { complete } = ledger.over(ledger.between(from, to), deadline, (source, bounds, archived) => {
    const filters = [...bounds, from, to, one, other];
    tokens += (source.prepare(count).get(...filters) as { tokens: number }).tokens;
    const wanted = limit - rows.length;
    if (wanted <= 0) return undefined;
    const found = source.prepare(list).all(...filters, wanted) as unknown as RecordColumns[];
    rows.push(...found.map((row) => ({ ...row, archived })));
    return undefined;
  });
  return { tokens, rows, complete };
}
