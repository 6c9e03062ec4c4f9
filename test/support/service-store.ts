import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyForAudit } from '../../src/audit-verify/copy.ts';
import { type VerifyReport, verifyAudit } from '../../src/audit-verify/index.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import { ON_POSTGRES } from './on-postgres.ts';
import type { RunningService } from './running-service.ts';
import { auditEventsIn, auditEventsOfPostgres, query, queryPostgres } from './store-database.ts';
import { temporaryFolder } from './temporary-folder.ts';

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

/** What `audit verify` says of its database; of PostgreSQL it reads a copy. */
export async function verifiedAudit({
  hsm,
  configFile,
}: Pick<RunningService, 'hsm' | 'configFile'>): Promise<VerifyReport> {
  if (!ON_POSTGRES) return await verifyAudit({ configFile, saved: [] });
  const { path, remove } = temporaryFolder();
  try {
    const database = join(path, 'copy.db');
    await copyForAudit({ configFile, file: database, onRows: () => {} });
    const archiveDir = join(hsm.folder, 'ledger-archive');
    // A sink may have more by now.
    return await verifyAudit({ configFile, database, archiveDir, sinks: false, saved: [] });
  } finally {
    remove();
  }
}

function urlIn(folder: string): string {
  return readFileSync(join(folder, 'database-url'), 'utf8');
}
