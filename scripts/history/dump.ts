import { existsSync } from 'node:fs';
import { linesOf, readSinkLine } from '../../src/audit/sink-line.ts';
import { eventFromRow } from '../../src/db/event-seals.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from '../../src/db/ledger-row.ts';
import { connect } from '../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../src/db/postgres/connection-string.ts';
import { all, type Row, reading } from '../crash/rows.ts';
import type { Dump } from './check.ts';

const QUERIES = {
  groups: 'SELECT * FROM ledger_groups ORDER BY sequence',
  rows: 'SELECT * FROM issuance_records ORDER BY sequence',
  events: 'SELECT * FROM audit_events ORDER BY sequence',
  keys: 'SELECT kid, state FROM signing_keys WHERE kid IS NOT NULL',
  forgeries: `SELECT dedup_key FROM security_events WHERE type = 'token.never_issued'`,
} as const;

type Tables = Record<keyof typeof QUERIES, readonly Row[]>;

/** What the database holds, all of one moment, and what the sink's file held just before it. */
export async function dumpPostgres(url: string, sinkFile: string): Promise<Dump> {
  const sink = readSink(sinkFile);
  const session = await connect(readConnectionString(url));
  try {
    await session.begin('read');
    const tables = {} as Tables;
    for (const [name, sql] of Object.entries(QUERIES))
      tables[name as keyof Tables] = (await session.query(sql)).rows;
    return dumpOf(tables, sink);
  } finally {
    await session.close();
  }
}

export function dumpSqlite(file: string, sinkFile: string): Dump {
  const sink = readSink(sinkFile);
  return reading(file, (db) => {
    const read = Object.entries(QUERIES).map(([name, sql]) => [name, all(db, sql)]);
    return dumpOf(Object.fromEntries(read) as Tables, sink);
  });
}

function dumpOf({ groups, rows, events, keys, forgeries }: Tables, sink: Dump['sink']): Dump {
  return {
    groups: groups.map((row) => ledgerGroup(row as unknown as GroupColumns)),
    rows: rows.map((row) => placedRow(row as unknown as RecordColumns)),
    events: events.map((row) => eventFromRow(row as unknown as Parameters<typeof eventFromRow>[0])),
    keys: keys.map(({ kid, state }) => ({ kid: String(kid), state: String(state) })),
    toldForgeries: forgeries.map(({ dedup_key }) => String(JSON.parse(String(dedup_key))[0])),
    sink,
  };
}

function readSink(file: string): Dump['sink'] {
  if (!existsSync(file)) return [];
  return [...linesOf(file)].flatMap((line) => {
    const entry = readSinkLine(line);
    return entry?.kind === 'event' ? [{ sequence: entry.event.sequence, hash: entry.event.hash }] : [];
  });
}
