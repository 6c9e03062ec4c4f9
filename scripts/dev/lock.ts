import { DatabaseSync } from 'node:sqlite';
import { Stop } from './say.ts';

const SQLITE_BUSY = 5;

/** A lock that the kernel lets go of when this process ends, however it ends. */
export function lockFor(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new Stop('another ./scripts/start runs here; stop it first (Ctrl-C in its terminal)');
  }
}
