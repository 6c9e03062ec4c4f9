import { type CommandFailure, commandFailure } from '../cli/failure.ts';
import { type DatabaseSettings, isFile, isMade } from '../db/database-settings.ts';
import type { DatabaseOwner } from '../db/engine.ts';
import { ownDatabase } from '../db/open-engine.ts';
import { KeywardError } from '../kernel/errors.ts';

/** In messages and in the audit trail. */
export function engineOf(database: DatabaseSettings): 'sqlite' | 'postgresql' {
  return isFile(database) ? 'sqlite' : 'postgresql';
}

export function placeOf(database: DatabaseSettings): string {
  return isFile(database) ? database.file : `the database of ${database.url_file}`;
}

/** What can be said before anything is opened. */
export function refuseUnfit(source: DatabaseSettings, target: DatabaseSettings): void {
  if (!isMade(source))
    throw commandFailure('no_database', `${placeOf(source)}: there is no database to move`);
  if (isSame(source, target)) {
    throw commandFailure('same_database', `${placeOf(target)} is the database that the configuration names`);
  }
  if (engineOf(source) !== engineOf(target)) return;
  const instead = isFile(source)
    ? 'keyward backup and keyward restore'
    : 'the backups of PostgreSQL (docs/postgresql.md#backup)';
  throw commandFailure(
    'same_engine',
    `both are ${engineOf(source)} databases: for another place use ${instead}`,
  );
}

function isSame(one: DatabaseSettings, other: DatabaseSettings): boolean {
  return isFile(one)
    ? isFile(other) && one.file === other.file
    : !isFile(other) && one.url_file === other.url_file;
}

export function notEmpty(target: DatabaseSettings, isUnfinished: boolean): CommandFailure {
  const holds = isUnfinished ? 'a move that was cut short' : 'a database already';
  const empty = isFile(target) ? 'move that file away' : 'drop its schema keyward';
  return commandFailure(
    'target_not_empty',
    `${placeOf(target)} holds ${holds}: name another one, or ${empty}`,
  );
}

/** `stays`: an initial copy, whose pages are of use to the next attempt. */
export function diskFull(target: DatabaseSettings, stays: boolean): CommandFailure {
  const left = stays ? 'what was copied stays' : 'nothing of the copy is left';
  return commandFailure(
    'disk_full',
    `${placeOf(target)}: its disk is full; ${left}, and the source is as it was`,
  );
}

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
