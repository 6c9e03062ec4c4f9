import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import type { RunningService } from './running-service.ts';
import { auditEventsIn, auditEventsOfPostgres, query, queryPostgres } from './store-database.ts';

/** Whether this run of tests has its services on PostgreSQL. */
export const ON_POSTGRES = process.env.TEST_STORE === 'postgres';

/** Runs one statement of both engines on a connection of its own. */
export async function queryStore(
  { hsm }: Pick<RunningService, 'hsm'>,
  sql: string,
): Promise<Record<string, unknown>[]> {
  return ON_POSTGRES
    ? await queryPostgres(urlIn(hsm.folder), sql)
    : query(join(hsm.folder, 'keyward.db'), sql);
}

/** The audit trail in order. */
export async function auditEventsOf({ hsm }: Pick<RunningService, 'hsm'>): Promise<AuditEvent[]> {
  return ON_POSTGRES
    ? await auditEventsOfPostgres(urlIn(hsm.folder))
    : auditEventsIn(join(hsm.folder, 'keyward.db'));
}

function urlIn(folder: string): string {
  return readFileSync(join(folder, 'database-url'), 'utf8');
}
