import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import type { KeyUse, KeyUseQuestion } from '../domain/key-use.ts';
import type { KeyUseCalls, KeyUseSettings } from './key-use-protocol.ts';
import { LedgerStretches, type Stretch } from './ledger-stretches.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';
import { ShareCount } from './share-count.ts';

/** Records looked at in one read transaction. */
const WINDOW = 50_000;
/** By how much the time of a commit may lie from the `iat` of its records, with time held to be steady. */
const SLACK_SECONDS = 600;
/** A ledger in which more was issued than can be read in this time is answered for in part. */
const BUDGET_MS = 10_000;

interface Shared {
  readonly client_id: string;
  readonly subject: string | null;
  readonly tokens: number;
}

const { file, identity, archiveDir, statements, queries } = workerData as KeyUseSettings;
const connection = new ReadConnection(file, identity);
const ledger = new LedgerStretches(archiveDir, statements);

serveCalls<KeyUseCalls>({ use, close: () => void connection.close() }, (error) => connection.recover(error));

function use({ kid, at, since, longestTtlSeconds }: KeyUseQuestion): KeyUse {
  const deadline = performance.now() + BUDGET_MS;
  const [clients, subjects] = [new ShareCount(), new ShareCount()];
  let liveTokens = 0;
  const from = Math.max(since, at - longestTtlSeconds);
  const counted = overWindows(windows(from, at), deadline, (source, bounds) => {
    const rows = source.prepare(queries.live).all(...bounds, kid, at) as unknown as Shared[];
    for (const { client_id, subject, tokens } of rows) {
      liveTokens += tokens;
      clients.add(client_id, tokens);
      if (subject !== null) subjects.add(subject, tokens);
    }
    return undefined;
  });
  const all = windows(since, at);
  const first = overWindows(all, deadline, (source, bounds) => iatIn(source, queries.first, bounds, kid));
  const last = overWindows(all.toReversed(), deadline, (source, bounds) =>
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

function iatIn(source: DatabaseSync, query: string, bounds: [number, number], kid: string) {
  return (source.prepare(query).get(...bounds, kid) as { iat: number } | undefined)?.iat;
}

/** Parts of the ledger in which tokens issued between two times lie. */
function windows(from: number, to: number): readonly Stretch[] {
  return connection.read((db) => {
    const first = ledger.firstSince(db, from - SLACK_SECONDS);
    const last = ledger.lastUntil(db, to + SLACK_SECONDS);
    return ledger.between(db, first, last).flatMap(cut);
  });
}

function cut({ first, last, archive }: Stretch): readonly Stretch[] {
  const count = Math.ceil((last - first + 1) / WINDOW);
  return Array.from({ length: count }, (_, n) => {
    const start = first + n * WINDOW;
    return { first: start, last: Math.min(last, start + WINDOW - 1), archive };
  });
}

/** Until something is found, all windows are read or the time is over. */
function overWindows<T>(
  all: readonly Stretch[],
  deadline: number,
  read: (source: DatabaseSync, bounds: [number, number]) => T | undefined,
): { readonly found?: T; readonly complete: boolean } {
  for (const window of all) {
    if (performance.now() > deadline) return { complete: false };
    const found = connection.read((db) =>
      ledger.within(db, window, (source) => read(source, [window.first - 1, window.last])),
    );
    if (found !== undefined) return { found, complete: true };
  }
  return { complete: true };
}
