import type { CopyDialect } from './copy/table-sums.ts';
import { type DatabaseSettings, isFile, type PostgresSettings } from './database-settings.ts';
import type { DatabaseOwner, Engine } from './engine.ts';
import { claimMark, type Ownership } from './ledger-mark.ts';
import { Reader } from './reader.ts';
import { SQLITE_COPY } from './sqlite/copy-dialect.ts';
import { ownFile } from './sqlite/database-file.ts';
import { openSqlite, readSqlite } from './sqlite/open-sqlite.ts';
import { UnwitnessedRanges } from './unwitnessed.ts';

// A service on SQLite loads nothing of the other.
const postgres = () => import('./postgres/open-postgres.ts');

/**
 * Takes the database for this process alone, until that ends, however it does. `archiveDir`: where this host remembers the
 * end of the ledger of this database; absent where it remembers that of another. `database_in_use` where another process
 * has it.
 */
export function ownDatabase(database: DatabaseSettings, archiveDir?: string): Promise<DatabaseOwner> {
  return takeDatabase(database, { archiveDir, isShared: false });
}

/**
 * The same for a front, which shares PostgreSQL with others; a file has one front. Until it says that it has `started`, no
 * other begins.
 */
export function joinDatabase(database: DatabaseSettings, archiveDir: string): Promise<DatabaseOwner> {
  return takeDatabase(database, { archiveDir, isShared: true });
}

interface Taking {
  readonly archiveDir: string | undefined;
  readonly isShared: boolean;
}

async function takeDatabase(
  database: DatabaseSettings,
  { archiveDir, isShared }: Taking,
): Promise<DatabaseOwner> {
  if (isFile(database)) return ownFile(database.file);
  const claim = (owner: Ownership) => {
    if (archiveDir !== undefined) claimMark(archiveDir, owner);
  };
  return await (await postgres()).takePostgres(database, { claim, isShared });
}

/** Opens the database and brings its tables up to date. `store_unavailable`, `foreign_schema`, `invalid_config`. */
export async function openEngine(database: DatabaseSettings, owner?: DatabaseOwner): Promise<Engine> {
  if (isFile(database)) return await openSqlite(database.file);
  return await (await postgres()).openPostgres(database, owner);
}

/**
 * For a command beside fronts that share a database: writes as none of them. Undefined for a file, which has one front, and
 * where nobody has made the tables yet. `store_unavailable`, `invalid_config`.
 */
export async function openBeside(database: DatabaseSettings) {
  return isFile(database) ? undefined : await (await postgres()).openBeside(database);
}

/** For `doctor`: what the server says of itself, and what of it is not as the settings need it. `store_unavailable`. */
export async function inspectPostgres(database: PostgresSettings) {
  return await (await postgres()).inspectServer(database);
}

/** Reads without a trace, for who looks at a database that a service may be using. Seals of audit events are not asked for. */
export async function openReader(database: DatabaseSettings): Promise<Reader> {
  const reads = isFile(database)
    ? await readSqlite(database.file)
    : await (await postgres()).readPostgres(database);
  return new Reader({ ...reads, unwitnessed: new UnwitnessedRanges() });
}

/** What it brings to a copy. */
export async function copyDialect(database: DatabaseSettings): Promise<CopyDialect> {
  return isFile(database) ? SQLITE_COPY : (await import('./postgres/copy-dialect.ts')).POSTGRES_COPY;
}
