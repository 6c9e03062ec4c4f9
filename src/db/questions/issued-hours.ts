import type { IssuedHour, IssuedHours } from '../../kernel/ledger-search.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { statement } from '../rows.ts';

/** A period in which more was issued than can be read in this time is answered for in part. */
const BUDGET_MS = 30_000;
/** Client, scope and hour: what is told apart. */
const MOST_CELLS = 200_000;

const HOURS =
  statement<IssuedHour>(`SELECT client_id AS client, scope_id AS scope, iat / 3600 AS hour, count(*) AS tokens
  FROM issuance_records WHERE sequence > ? AND sequence <= ? AND iat >= ? AND iat <= ?
  GROUP BY client_id, scope_id, iat / 3600`);

export async function issuedHours(
  { windows }: OpenLedger,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<IssuedHours> {
  const deadline = performance.now() + BUDGET_MS;
  const cells = new Map<string, IssuedHour>();
  // The latest first: where it is too much, the oldest is missing.
  const latestFirst = (await windows.between(from, to)).toReversed();
  const { found: full, complete } = await windows.over(latestFirst, deadline, async (rows, bounds) => {
    for (const row of await rows.all(HOURS, ...bounds, from, to)) {
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
