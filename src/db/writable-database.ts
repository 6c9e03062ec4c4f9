import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { DATABASE_MOVED, SqliteFailure } from './sqlite-failure.ts';
import type { Durability, FileIdentity } from './writer-protocol.ts';

/** How long a statement waits for another process's lock before it fails as `locked`. */
const BUSY_TIMEOUT_MS = 1_000;
const SYNCHRONOUS_FULL = 2;
/** The length of the write-ahead log, 16 MiB, at which it is taken over into the file. */
const CHECKPOINT_PAGES = 4_000;
const CACHE_KIB = 16 * 1024;

/** Opens the write connection; refused where SQLite does not confirm what durability needs. */
export function openWritable(file: string): DatabaseSync {
  const url = pathToFileURL(file);
  url.searchParams.set('mode', 'rw');
  const db = new DatabaseSync(url, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF');
    // Pages that change again and again go back to the file once, and those in use stay at hand.
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`);
    // What is erased shall not stay in the page; FAST does so where the page is written anyway.
    db.exec('PRAGMA secure_delete = FAST');
    refuseUnlessDurable(readDurability(db));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export function readDurability(db: DatabaseSync): Durability {
  const read = (sql: string) => Object.values(db.prepare(sql).get() ?? {})[0];
  return {
    journalMode: String(read('PRAGMA journal_mode')),
    synchronous: Number(read('PRAGMA synchronous')),
    foreignKeys: read('PRAGMA foreign_keys') === 1,
    sqliteVersion: String(read('SELECT sqlite_version()')),
  };
}

export function refuseUnlessDurable(found: Durability): void {
  if (found.journalMode === 'wal' && found.synchronous === SYNCHRONOUS_FULL && found.foreignKeys) return;
  throw new Error(`the database is not durable: ${JSON.stringify(found)}`);
}

/**
 * SQLite goes on writing into a file that was moved or deleted, where no one will find the rows; and a file
 * put in its place does not fit the registry in memory.
 */
export function refuseIfMoved(file: string, identity: FileIdentity): void {
  const found = identify(file);
  if (found?.inode === identity.inode && found.device === identity.device) return;
  throw new SqliteFailure({ message: 'the database file was moved or replaced', errcode: DATABASE_MOVED });
}

export function identify(file: string): FileIdentity | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && { device: found.dev, inode: found.ino };
}
