import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { KeywardError } from '../kernel/errors.ts';
import { type DatabaseSettings, isFile } from './database-settings.ts';
import { markFile } from './ledger-mark.ts';

const ROOT = 0;

/**
 * For a command that makes files beside the database: the service could not open what root makes in the folder of the
 * service's user. `paths` that are not there are no matter. `invalid_config` names the command to use.
 */
export function refuseForeignFolder(paths: readonly string[], command: string): void {
  if (process.geteuid?.() !== ROOT) return;
  for (const path of paths) {
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status || status.uid === ROOT) continue;
    const { uid, gid } = status;
    throw new KeywardError(
      'invalid_config',
      `${path} belongs to user ${uid}, and the service could not open what root makes there: run keyward-offline ${command}, or setpriv --reuid=${uid} --regid=${gid} --clear-groups keyward ${command}`,
    );
  }
}

/** The same of what a store keeps on this host: a database that is a file, and the end of the ledger beside the archive. */
export function refuseForeignStore(database: DatabaseSettings, archiveDir: string, command: string): void {
  const files = [...(isFile(database) ? [database.file] : []), markFile(archiveDir)];
  refuseForeignFolder(
    files.flatMap((file) => [file, dirname(file)]),
    command,
  );
}
