import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyForAudit } from '../../src/audit-verify/copy.ts';
import { type VerifyReport, verifyAudit } from '../../src/audit-verify/index.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import { ON_POSTGRES } from './on-postgres.ts';
import { copyOfDatabase } from './postgres/create-database.ts';
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

/** What `audit verify` says of its database, held against those saved copies of sinks; of PostgreSQL it reads a copy. */
export async function verifiedAudit(
  { hsm, configFile }: Pick<RunningService, 'hsm' | 'configFile'>,
  saved: readonly string[] = [],
): Promise<VerifyReport> {
  if (!ON_POSTGRES) return await verifyAudit({ configFile, saved });
  const { path, remove } = temporaryFolder();
  try {
    const database = join(path, 'copy.db');
    // What sinks get while the copy is made is not in it.
    const before = saved.map((file, index) => {
      const copy = join(path, `sink-${index}.jsonl`);
      copyFileSync(file, copy);
      return copy;
    });
    await copyForAudit({ configFile, file: database, onRows: () => {} });
    const archiveDir = join(hsm.folder, 'ledger-archive');
    return await verifyAudit({ configFile, database, archiveDir, sinks: false, saved: before });
  } finally {
    remove();
  }
}

/** Copies the database of a stopped service; what it answers puts that copy back. */
export async function copyOfStore({ hsm }: Pick<RunningService, 'hsm'>): Promise<() => Promise<void>> {
  return ON_POSTGRES ? await copyOfDatabase(urlIn(hsm.folder)) : copyOfFile(join(hsm.folder, 'keyward.db'));
}

function copyOfFile(file: string): () => Promise<void> {
  const older = `${file}.older`;
  copyFileSync(file, older);
  return async () => {
    for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true });
    copyFileSync(older, file);
  };
}

function urlIn(folder: string): string {
  return readFileSync(join(folder, 'database-url'), 'utf8');
}
