import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, readSinkLine } from '../../src/audit/sink-line.ts';
import { eventFromRow } from '../../src/db/event-seals.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from '../../src/db/ledger-row.ts';
import { connect } from '../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../src/db/postgres/connection-string.ts';
import type { ChainedEvent } from '../../src/kernel/audit-chain.ts';
import type { LedgerGroup, PlacedRow } from '../../src/kernel/ledger-chain.ts';
import { all, type Row, reading } from '../crash/rows.ts';
import type { KeyFacts } from './record.ts';

export interface HashedEvent extends ChainedEvent {
  readonly hash: Uint8Array;
}

/** An event that a front has told its target, which is a file of its own. */
export interface Notified {
  readonly front: string;
  /** The same where it is told again. */
  readonly id: string;
  /** Of the security event. */
  readonly sequence: number;
  /** When it was to be told, in seconds since the epoch. */
  readonly at: number;
}

/** What the service's database and the files of its fronts held after the history. */
export interface Dump {
  /** In the order of their sequence, as are rows and events. */
  readonly groups: readonly LedgerGroup[];
  readonly rows: readonly PlacedRow[];
  readonly events: readonly HashedEvent[];
  readonly keys: readonly KeyFacts[];
  /** Digests, base64url, of the security events `token.never_issued`. */
  readonly toldForgeries: readonly string[];
  /** Of the security events `audit.chain_broken`: chain and place. */
  readonly toldBreaks: readonly string[];
  /** Of each front, in the order of its file. */
  readonly sinks: readonly {
    readonly front: string;
    readonly entries: readonly Pick<HashedEvent, 'sequence' | 'hash'>[];
  }[];
  /**
   * When the transaction of each group and event was committed, in microseconds, by its sequence: the server takes the time
   * of a commit while it still has the locks of the transaction. A compromise raises the fence behind the lock that each
   * group is appended under, so of two of these the later one has the later time. Absent where the engine does not tell.
   */
  readonly commits?: {
    readonly groups: ReadonlyMap<number, number>;
    readonly events: ReadonlyMap<number, number>;
  };
  /** Security events, and when they were raised, in seconds since the epoch. */
  readonly raised: readonly { readonly sequence: number; readonly at: number }[];
  readonly notified: readonly Notified[];
  /** On the clock of the history, which began so many milliseconds after the epoch. */
  readonly takenAt: number;
  readonly clockStart: number;
}

/** Of each front's own folder. */
export const NOTIFIED = 'notified.jsonl';
export const SINK = 'audit.jsonl';

const QUERIES = {
  groups: 'SELECT * FROM ledger_groups ORDER BY sequence',
  rows: 'SELECT * FROM issuance_records ORDER BY sequence',
  events: 'SELECT * FROM audit_events ORDER BY sequence',
  keys: 'SELECT kid, state FROM signing_keys WHERE kid IS NOT NULL',
  raised: 'SELECT sequence, type, raised_at, dedup_key FROM security_events ORDER BY sequence',
} as const;
const COMMITTED = '(extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::int8 AS committed';
const COMMITS = {
  groups: `SELECT sequence, ${COMMITTED} FROM ledger_groups`,
  events: `SELECT sequence, ${COMMITTED} FROM audit_events`,
} as const;

type Tables = Record<keyof typeof QUERIES, readonly Row[]>;
type Folders = readonly { readonly front: string; readonly folder: string }[];
type Files = Pick<Dump, 'sinks' | 'notified' | 'takenAt' | 'clockStart'>;

/** What the database holds, all of one moment, and what the fronts' files held just before it. */
export async function dumpPostgres(url: string, folders: Folders): Promise<Dump> {
  const files = readFiles(folders);
  const session = await connect(readConnectionString(url));
  const read = async <N extends string>(queries: Readonly<Record<N, string>>) => {
    const tables = {} as Record<N, readonly Row[]>;
    for (const [name, sql] of Object.entries<string>(queries))
      tables[name as N] = (await session.query(sql)).rows;
    return tables;
  };
  try {
    await session.begin('read');
    const [tables, commits] = [await read(QUERIES), await read(COMMITS)];
    return {
      ...dumpOf(tables, files),
      commits: { groups: commitsOf(commits.groups), events: commitsOf(commits.events) },
    };
  } finally {
    await session.close();
  }
}

export function dumpSqlite(file: string, folders: Folders): Dump {
  const files = readFiles(folders);
  return reading(file, (db) => {
    const read = Object.entries(QUERIES).map(([name, sql]) => [name, all(db, sql)]);
    return dumpOf(Object.fromEntries(read) as Tables, files);
  });
}

function dumpOf({ groups, rows, events, keys, raised }: Tables, files: Files): Dump {
  return {
    ...files,
    groups: groups.map((row) => ledgerGroup(row as unknown as GroupColumns)),
    rows: rows.map((row) => placedRow(row as unknown as RecordColumns)),
    events: events.map((row) => eventFromRow(row as unknown as Parameters<typeof eventFromRow>[0])),
    keys: keys.map(({ kid, state }) => ({ kid: String(kid), state: String(state) })),
    toldForgeries: raised
      .filter(({ type }) => type === 'token.never_issued')
      .map(({ dedup_key }) => digestIn(String(dedup_key))),
    toldBreaks: raised
      .filter(({ type }) => type === 'audit.chain_broken')
      .map(({ dedup_key }) => String(dedup_key)),
    raised: raised.map(({ sequence, raised_at }) => ({ sequence: Number(sequence), at: Number(raised_at) })),
  };
}

/** Behind it may stand the run that told an event beside a row that it did not believe. */
function digestIn(dedupKey: string): string {
  return JSON.parse(dedupKey.slice(0, dedupKey.indexOf(']') + 1))[0];
}

function commitsOf(rows: readonly Row[]): ReadonlyMap<number, number> {
  return new Map(
    rows.map(({ sequence, committed }) => {
      if (committed === null) throw new Error('the server does not tell when a transaction was committed');
      return [Number(sequence), Number(committed)];
    }),
  );
}

function readFiles(folders: Folders): Files {
  return {
    takenAt: performance.now(),
    clockStart: performance.timeOrigin,
    sinks: folders.map(({ front, folder }) => ({ front, entries: readSink(join(folder, SINK)) })),
    notified: folders.flatMap(({ front, folder }) => readNotified(front, join(folder, NOTIFIED))),
  };
}

function readSink(file: string): Dump['sinks'][number]['entries'] {
  if (!existsSync(file)) return [];
  return [...linesOf(file)].flatMap((line) => {
    const entry = readSinkLine(line);
    return entry?.kind === 'event' ? [{ sequence: entry.event.sequence, hash: entry.event.hash }] : [];
  });
}

/** A kill may cut a line off. */
function readNotified(front: string, file: string): Notified[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => line.endsWith('}'))
    .flatMap((line) => {
      const { id, type, timestamp, data } = JSON.parse(line);
      if (type !== 'security_event.raised') return [];
      return [{ front, id, sequence: data.event.sequence, at: Date.parse(timestamp) / 1_000 }];
    });
}
