import type { DatabaseSync } from 'node:sqlite';
import type { KeyUse, KeyUseQuestion } from '../../kernel/issuance.ts';
import { ShareCount, type WindowBounds } from '../ledger-ranges.ts';
import type { OpenLedger } from '../open-ledger.ts';

/** A ledger in which more was issued than can be read in this time is answered for in part. */
const BUDGET_MS = 10_000;

const OF_KEY = 'FROM issuance_records WHERE sequence > ? AND sequence <= ? AND kid = ?';
const LIVE = `SELECT client_id, subject, count(*) AS tokens ${OF_KEY} AND exp > ? GROUP BY client_id, subject`;
const FIRST = `SELECT iat ${OF_KEY} ORDER BY sequence LIMIT 1`;
const LAST = `SELECT iat ${OF_KEY} ORDER BY sequence DESC LIMIT 1`;

interface Shared {
  readonly client_id: string;
  readonly subject: string | null;
  readonly tokens: number;
}

export function keyUse({ windows }: OpenLedger, question: KeyUseQuestion): KeyUse {
  const { kid, at, since, longestTtlSeconds } = question;
  const deadline = performance.now() + BUDGET_MS;
  const [clients, subjects] = [new ShareCount(), new ShareCount()];
  let liveTokens = 0;
  const from = Math.max(since, at - longestTtlSeconds);
  const counted = windows.over(windows.between(from, at), deadline, (source, bounds) => {
    const rows = source.prepare(LIVE).all(...bounds, kid, at) as unknown as Shared[];
    for (const { client_id, subject, tokens } of rows) {
      liveTokens += tokens;
      clients.add(client_id, tokens);
      if (subject !== null) subjects.add(subject, tokens);
    }
    return undefined;
  });
  const all = windows.between(since, at);
  const first = windows.over(all, deadline, (source, bounds) => iatIn(source, FIRST, bounds, kid));
  const last = windows.over(all.toReversed(), deadline, (source, bounds) => iatIn(source, LAST, bounds, kid));
  return {
    liveTokens,
    clients: clients.shares(),
    subjects: subjects.shares(),
    firstIssuedAt: first.found ?? null,
    lastIssuedAt: last.found ?? null,
    complete: counted.complete && first.complete && last.complete,
  };
}

function iatIn(source: DatabaseSync, query: string, bounds: WindowBounds, kid: string) {
  return (source.prepare(query).get(...bounds, kid) as { iat: number } | undefined)?.iat;
}
