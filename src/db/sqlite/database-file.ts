import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { KeywardError } from '../../kernel/errors.ts';
import type { DatabaseOwner } from '../engine.ts';
import { unavailable } from '../failure.ts';
import type { FileIdentity } from '../writer-protocol.ts';
import { databaseMoved, sqliteFailure } from './failure.ts';

/** How long a statement waits for another process's lock before it fails as `locked`. */
const BUSY_TIMEOUT_MS = 1_000;
const SYNCHRONOUS_FULL = 2;
/** The length of the write-ahead log, 16 MiB, at which it is taken over into the file. */
const CHECKPOINT_PAGES = 4_000;
const CACHE_KIB = 16 * 1024;

/** As read back from SQLite. */
type Durability = Readonly<{
  journalMode: string;
  /** 2 is FULL. */
  synchronous: number;
  foreignKeys: boolean;
  sqliteVersion: string;
}>;

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
  throw databaseMoved();
}

export function identify(file: string): FileIdentity | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && { device: found.dev, inode: found.ino };
}

const OWNER_ONLY = 0o600;

/** Makes the file where there is none; SQLite gives its write-ahead log the same permissions. */
export function prepareDatabaseFile(file: string): void {
  closeSync(openSync(file, 'a', OWNER_ONLY));
  chmodSync(file, OWNER_ONLY);
}

/** Opens a file to read from it. What its schema calls runs nothing: whoever wrote the file wrote the schema. */
export function openReadOnly(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  return db;
}

/** By a lock of the operating system's on a file beside the database. `database_in_use` where another process has it. */
export function ownFile(file: string): DatabaseOwner {
  const lockFile = `${file}-owner`;
  const db = locked(lockFile);
  const identity = identify(lockFile);
  let released = false;
  /** A file put in its place could be locked by another. */
  const leads = () => {
    const found = identify(lockFile);
    return !released && found?.inode === identity?.inode && found?.device === identity?.device;
  };
  return {
    id: '',
    former: '',
    isJoining: false,
    hadOthers: false,
    seen: undefined,
    // The lock of a file is not lost while the process lives.
    lost: new Promise(() => {}),
    leads,
    /** Whoever began it had the file before, and is gone. */
    isAbandoned: leads,
    // There is no other.
    leadIf: () => {},
    // Others wait until it has ended.
    started: async () => {},
    async release() {
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
    const failure = sqliteFailure(cause);
    if (failure.condition !== 'locked') throw unavailable(failure);
    throw new KeywardError(
      'database_in_use',
      'another process of Keyward has this database; stop it first, or give this one a database of its own',
      { cause },
    );
  }
}
