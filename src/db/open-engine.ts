import type { DatabaseSettings } from './database-settings.ts';
import type { Engine } from './engine.ts';
import { Reader } from './reader.ts';
import { openSqlite, readSqlite } from './sqlite/open-sqlite.ts';
import { UnwitnessedRanges } from './unwitnessed.ts';

/** Opens the database and brings its tables up to date. `store_unavailable`, `foreign_schema`, `invalid_config`. */
export async function openEngine({ file }: DatabaseSettings): Promise<Engine> {
  return await openSqlite(file);
}

/** Reads without a trace, for who looks at a database that a service may be using. Seals of audit events are not asked for. */
export async function openReader({ file }: DatabaseSettings): Promise<Reader> {
  const reads = await readSqlite(file);
  return new Reader({ ...reads, unwitnessed: new UnwitnessedRanges(), verifiesSeals: false });
}
