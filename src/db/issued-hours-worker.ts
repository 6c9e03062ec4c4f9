import { workerData } from 'node:worker_threads';
import type { IssuedHour, IssuedHours } from '../kernel/ledger-search.ts';
import type { IssuedHoursCalls, IssuedHoursSettings } from './issued-hours-protocol.ts';
import { LedgerStretches, LedgerWindows } from './ledger-ranges.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';

/** A period in which more was issued than can be read in this time is answered for in part. */
const BUDGET_MS = 30_000;
/** Client, scope and hour: what is told apart. */
const MOST_CELLS = 200_000;

const settings = workerData as IssuedHoursSettings;
const { file, identity, query } = settings;
const connection = new ReadConnection(file, identity);
const ledger = new LedgerWindows(connection, new LedgerStretches(settings));

serveCalls<IssuedHoursCalls>({ between, close: () => void connection.close() }, (error) =>
  connection.recover(error),
);

function between({ from, to }: IssuedHoursCalls['between']['asks']): IssuedHours {
  const deadline = performance.now() + BUDGET_MS;
  const cells = new Map<string, IssuedHour>();
  // The latest first: where it is too much, the oldest is missing.
  const windows = ledger.between(from, to).toReversed();
  const { found: full, complete } = ledger.over(windows, deadline, (source, bounds) => {
    for (const row of source.prepare(query).all(...bounds, from, to) as unknown as IssuedHour[]) {
      const key = JSON.stringify([row.client, row.scope, row.hour]);
      cells.set(key, { ...row, tokens: row.tokens + (cells.get(key)?.tokens ?? 0) });
    }
    return cells.size > MOST_CELLS ? true : undefined;
  });
  const hours = [...cells.values()];
  if (complete && full === undefined) return { hours, complete: true, countedFrom: from };
  // The first hour that was reached is there in part.
  const first = hours.reduce((least, { hour }) => Math.min(least, hour), Number.POSITIVE_INFINITY);
  return { hours, complete: false, countedFrom: Math.min((first + 1) * 3_600, to) };
}
