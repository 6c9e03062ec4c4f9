import { type Config, loadConfig } from '../config.ts';
import { onFile, type SqliteSettings } from '../db/database-settings.ts';

/** The configuration of a service on a file. */
export type FileConfig = Config & { readonly database: SqliteSettings };

/** `invalid_config` for one on PostgreSQL, which has backups of its own. */
export function loadFileConfig(configFile: string, command: string): FileConfig {
  return onFile(
    loadConfig(configFile),
    command,
    'PostgreSQL has backups of its own: docs/postgresql.md#backup',
  );
}
