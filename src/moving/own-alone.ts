import type { DatabaseSettings } from '../db/database-settings.ts';
import type { DatabaseOwner } from '../db/engine.ts';
import { ownDatabase } from '../db/open-engine.ts';
import { KeywardError } from '../kernel/errors.ts';
import { placeOf } from './refusals.ts';

/** As `ownDatabase`; `database_in_use` says which of the two it is. */
export async function ownAlone(database: DatabaseSettings, archiveDir?: string): Promise<DatabaseOwner> {
  try {
    return await ownDatabase(database, archiveDir);
  } catch (cause) {
    if (!(cause instanceof KeywardError) || cause.code !== 'database_in_use') throw cause;
    const message = `another process of Keyward has ${placeOf(database)}; stop it first`;
    throw new KeywardError('database_in_use', message, { cause });
  }
}
