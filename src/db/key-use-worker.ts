import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import type { KeyUse, KeyUseQuestion } from '../kernel/key-administration.ts';
import type { KeyUseCalls, KeyUseSettings } from './key-use-protocol.ts';
import { LedgerStretches, LedgerWindows, ShareCount, type WindowBounds } from './ledger-ranges.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';

/** A ledger in which more was issued than can be read in this time is answered for in part. */
const BUDGET_MS = 10_000;

interface Shared {
  readonly client_id: string;
  readonly subject: string | null;
  readonly tokens: number;
}

const settings = workerData as KeyUseSettings;
const { file, identity, queries } = settings;
const connection = new ReadConnection(file, identity);
const ledger = new LedgerWindows(connection, new LedgerStretches(settings));

serveCalls<KeyUseCalls>({ use, close: () => void connection.close() }, (error) => connection.recover(error));

function use({ kid, at, since, longestTtlSeconds }: KeyUseQuestion): KeyUse {
  const deadline = performance.now() + BUDGET_MS;
  const [clients, subjects] = [new ShareCount(), new ShareCount()];
  let liveTokens = 0;
  const from = Math.max(since, at - longestTtlSeconds);
  const counted = ledger.over(ledger.between(from, at), deadline, (source, bounds) => {
    const rows = source.prepare(queries.live).all(...bounds, kid, at) as unknown as Shared[];
    for (const { client_id, subject, tokens } of rows) {
      liveTokens += tokens;
      clients.add(client_id, tokens);
      if (subject !== null) subjects.add(subject, tokens);
    }
    return undefined;
  });
  const all = ledger.between(since, at);
  const first = ledger.over(all, deadline, (source, bounds) => iatIn(source, queries.first, bounds, kid));
  const last = ledger.over(all.toReversed(), deadline, (source, bounds) =>
    iatIn(source, queries.last, bounds, kid),
  );
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
