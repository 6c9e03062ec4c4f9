import { closeSync, openSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { openReadOnly } from './database-file.ts';

const OWNER_ONLY = 0o600;
const PAGES_A_STEP = 1_024;

/**
 * Copies a database, while it is in use, as it is at one moment: the read transaction holds that moment, so no writer
 * makes it begin anew. The copy is one new file, without a log beside it. `onStep` is told the share, 0 to 1.
 */
export async function copyDatabase(file: string, to: string, onStep: (share: number) => void): Promise<void> {
  closeSync(openSync(to, 'wx', OWNER_ONLY));
  const source = openReadOnly(file);
  try {
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM sqlite_schema').get();
    const progress = ({ totalPages, remainingPages }: { totalPages: number; remainingPages: number }) =>
      onStep(totalPages === 0 ? 1 : 1 - remainingPages / totalPages);
    await backup(source, to, { rate: PAGES_A_STEP, progress });
  } finally {
    source.close();
  }
  intoOneFile(to);
}

/** Takes its log over into the file of a database that nobody else has open. */
export function intoOneFile(file: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA journal_mode = DELETE');
  } finally {
    db.close();
  }
}
