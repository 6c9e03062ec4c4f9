import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { connect } from '../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../src/db/postgres/connection-string.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';
import { traceIdText } from '../../src/kernel/trace.ts';
import type { TestPostgres } from './postgres/owned.ts';

/** Runs one statement on a connection of its own, as someone else at the file would. */
export function query(file: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

/** Of a test's store, on the engine that the run of tests asks for. */
export interface TestDatabase {
  /** Empty for PostgreSQL. */
  readonly file: string;
  readonly postgres: TestPostgres | undefined;
}

/** Runs one statement of both engines, as someone else at the database would. */
export async function queryDatabase(
  { file, postgres }: TestDatabase,
  sql: string,
): Promise<Record<string, unknown>[]> {
  return postgres ? await queryPostgres(postgres.url, sql) : query(file, sql);
}

/** The audit trail in order. */
export async function auditEventsAt(database: TestDatabase): Promise<AuditEvent[]> {
  return (await queryDatabase(database, EVENTS)).map(eventOf);
}

/** The ledger's rows in the order of their commits. */
export function recordsIn(file: string): IssuanceRecord[] {
  return query(file, RECORDS).map(recordOf);
}

export async function recordsOfPostgres(url: string): Promise<IssuanceRecord[]> {
  return (await queryPostgres(url, RECORDS)).map(recordOf);
}

const RECORDS = 'SELECT * FROM issuance_records ORDER BY sequence';
const EVENTS = 'SELECT * FROM audit_events ORDER BY sequence';

/** Runs one statement on a session of its own. */
export async function queryPostgres(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const session = await connect(readConnectionString(url));
  try {
    return (await session.query(sql)).rows;
  } finally {
    await session.close();
  }
}

function recordOf(row: Record<string, unknown>): IssuanceRecord {
  return {
    digest: Buffer.from(row.digest as Uint8Array),
    scopeId: row.scope_id as string,
    kid: row.kid as string,
    jti: row.jti as string,
    clientId: row.client_id as string,
    subject: row.subject as string | null,
    root: row.root as string | null,
    traceId: traceIdText(row.trace_id as Uint8Array | null),
    iat: row.iat as number,
    exp: row.exp as number,
  };
}

/** The audit trail in order, without where each change left the registry. */
export function auditEventsIn(file: string): AuditEvent[] {
  return query(file, EVENTS).map(eventOf);
}

export async function auditEventsOfPostgres(url: string): Promise<AuditEvent[]> {
  return (await queryPostgres(url, EVENTS)).map(eventOf);
}

function eventOf(row: Record<string, unknown>): AuditEvent {
  return {
    type: row.type as string,
    actor: row.actor as string,
    subject: row.subject as string,
    requestId: row.request_id as string | null,
    details: withoutMark(JSON.parse(row.details_json as string)),
  };
}

function withoutMark({ registry: _, ...details }: Record<string, unknown>): AuditEvent['details'] {
  return details;
}

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * Commits in the write-ahead log since it was last started over: the frames whose header names the size of the
 * database (https://sqlite.org/fileformat2.html#the_wal_file), counted while they carry the log's own salt.
 */
export function commitsIn(file: string): number {
  const path = `${file}-wal`;
  if (!existsSync(path)) return 0;
  const log = readFileSync(path);
  if (log.length < WAL_HEADER_BYTES) return 0;
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  let commits = 0;
  for (let at = WAL_HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break;
    if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}
