import { DatabaseSync } from 'node:sqlite';
import { KeywardError } from '../kernel/errors.ts';
import type { Leadership } from '../domain/leadership.ts';
import { prepareDatabaseFile } from './database-file.ts';
import { SqliteFailure, toWire, unavailable } from './sqlite-failure.ts';
import { identify } from './writable-database.ts';

export interface DatabaseOwner extends Leadership {
  release(): void;
}

/**
 * Takes the database for this process: what it holds in memory is true only while nobody else changes the rows. The
 * lock is the operating system's, on a file beside the database, so that it ends with the process however that
 * ends. `database_in_use` where another process has it.
 */
export function ownDatabase(file: string): DatabaseOwner {
  const lockFile = `${file}-owner`;
  const db = locked(lockFile);
  const identity = identify(lockFile);
  let released = false;
  return {
    /** A file put in its place could be locked by another. */
    leads() {
      const found = identify(lockFile);
      return !released && found?.inode === identity?.inode && found?.device === identity?.device;
    },
    release() {
      released = true;
      db.close();
    },
  };
}

function locked(lockFile: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    prepareDatabaseFile(lockFile);
    db = new DatabaseSync(lockFile, { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (cause) {
    db?.close();
    const failure = new SqliteFailure(toWire(cause));
    if (failure.condition !== 'locked') throw unavailable(failure);
    throw new KeywardError(
      'database_in_use',
      'another process of Keyward has this database; stop it first, or give this one a database of its own',
      { cause },
    );
  }
}
