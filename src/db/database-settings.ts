import { existsSync } from 'node:fs';
import { KeywardError } from '../kernel/errors.ts';

/** Where the tables are. */
export type DatabaseSettings = SqliteSettings | PostgresSettings;

export interface SqliteSettings {
  /** Absolute path. */
  readonly file: string;
}

export interface PostgresSettings {
  /** Absolute path of the file with the connection string: a password may be in it. */
  readonly url_file: string;
  /** The same for the one connection that no pooler may stand before; default: `url_file`. */
  readonly control_url_file?: string | undefined;
  /** `replicated`: nothing is acknowledged before `copies` standbys have it; `single`: one node's disk is enough. */
  readonly durability: 'replicated' | 'single';
  /** Standbys in sync at least; of no meaning in `single`. */
  readonly copies: number;
}

export function isFile(database: DatabaseSettings): database is SqliteSettings {
  return 'file' in database;
}

/** For what is done to a file. `invalid_config` where the database is PostgreSQL, with what to use instead. */
export function onFile<C extends { readonly database: DatabaseSettings }>(
  config: C,
  command: string,
  instead: string,
): C & { readonly database: SqliteSettings } {
  const { database } = config;
  if (isFile(database)) return { ...config, database };
  throw new KeywardError('invalid_config', `${command} is for a SQLite database; ${instead}`);
}

/** Whether a service has ever made it, as far as a look at the disk tells. */
export function isMade(database: DatabaseSettings): boolean {
  return !isFile(database) || existsSync(database.file);
}
