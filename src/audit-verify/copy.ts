import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { commandFailure } from '../cli/failure.ts';
import { loadConfig } from '../config.ts';
import { copyIntoFile, partOf } from '../db/copy/copy-into-file.ts';
import type { CopyOptions } from '../db/copy/copy-store.ts';
import type { TableSum } from '../db/copy/copy-table.ts';
import { isFile } from '../db/database-settings.ts';
import { isDiskFull } from '../db/failure.ts';
import { copyDialect, openReader } from '../db/open-engine.ts';
import { createRunKey } from '../kernel/audit-chain.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';

interface CopyRequest extends Pick<CopyOptions, 'onRows'> {
  readonly configFile: string;
  /** The SQLite database to make. */
  readonly file: string;
}

/**
 * `keyward audit copy`: a PostgreSQL database at one moment as a SQLite file (0600), beside a running service, for
 * `audit verify` and `audit export`. `invalid_config` for a service on SQLite, `store_unavailable`; cut short, nothing is
 * left but `FILE.part`.
 */
export async function copyForAudit({ configFile, file, onRows }: CopyRequest): Promise<readonly TableSum[]> {
  const { database } = loadConfig(configFile);
  if (isFile(database)) {
    throw new KeywardError(
      'invalid_config',
      'keyward audit copy is for a PostgreSQL database; this one is a file: keyward backup copies it, and keyward audit verify reads it as it is',
    );
  }
  const to = resolve(file);
  refuseUsed(to);
  const reader = await openReader(database);
  try {
    const run = createRunKey(systemClock.nowSeconds());
    const source = { reader, dialect: await copyDialect(database) };
    return (await copyIntoFile(source, { file: to, run, clock: systemClock, onRows })).tables;
  } catch (error) {
    throw told(error, to);
  } finally {
    await reader.close();
  }
}

function refuseUsed(file: string): void {
  if (existsSync(file)) throw commandFailure('file_exists', `${file} exists; it is not overwritten`);
  if (!existsSync(partOf(file))) return;
  throw commandFailure(
    'file_exists',
    `${partOf(file)} is there: another copy runs, or one was interrupted; then remove it`,
  );
}

function told(error: unknown, file: string): unknown {
  if (isDiskFull(error))
    return commandFailure('disk_full', `the disk of ${file} is full; nothing is left of the copy`);
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'EACCES' || code === 'EROFS'
    ? commandFailure('unreadable', `${file} cannot be made (${code})`)
    : error;
}
