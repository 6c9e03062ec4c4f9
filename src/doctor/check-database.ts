import { statfsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config.ts';
import { ownSchema } from '../db/own-schema.ts';
import { openReadOnly } from '../db/read-only-database.ts';
import { foreignIn } from '../db/schema-objects.ts';
import { openWritable, readDurability } from '../db/writable-database.ts';
import { shareInUse } from '../disk-watch.ts';
import { DISK_ALARM_PERCENT } from '../domain/disk-alarms.ts';
import { statusOf } from './file-access.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** statfs(2) magic numbers of file systems on which SQLite's locks or its fsync do not hold. */
const UNSAFE_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021994, 'tmpfs'],
]);

/** Opens the database as the writer does, and reads back what durability rests on. */
export async function checkDatabase(config: Config): Promise<readonly Finding[]> {
  const { file } = config.database;
  const status = statusOf(file);
  if (!status) return [fail('database', `${file} is not there`, 'run keyward init')];
  return [durability(file, status.uid), fileSystem(file), await space(file), await schema(file)];
}

function durability(file: string, owner: number): Finding {
  const check = 'database';
  if (owner !== process.geteuid?.()) {
    return warn(
      check,
      `${file} belongs to user ${owner}`,
      'run doctor as that user: it makes files beside it',
    );
  }
  try {
    const { journalMode, synchronous, sqliteVersion } = withDatabase(openWritable(file), readDurability);
    return ok(check, `SQLite ${sqliteVersion}, journal ${journalMode}, synchronous ${synchronous} (FULL)`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail(
      check,
      `${file}: ${why}`,
      'the service will not record into it: restore it, or mend the disk',
    );
  }
}

async function schema(file: string): Promise<Finding> {
  const check = 'schema';
  const own = await ownSchema();
  try {
    const foreign = withDatabase(openReadOnly(file), (db) => foreignIn(db, own));
    if (foreign === undefined)
      return ok(check, 'the tables are those of this version, and nothing beside them');
    return fail(
      check,
      foreign,
      'read docs/runbooks/changed-records.md; of an older version, start the service once',
    );
  } catch (error) {
    return fail(
      check,
      `${file}: ${error instanceof Error ? error.message : error}`,
      'see the finding before',
    );
  }
}

function withDatabase<T>(db: DatabaseSync, use: (db: DatabaseSync) => T): T {
  try {
    return use(db);
  } finally {
    db.close();
  }
}

function fileSystem(file: string): Finding {
  const name = UNSAFE_FILE_SYSTEMS.get(statfsSync(file).type);
  if (!name) return ok('file system', 'the database is on a local disk');
  return warn('file system', `the database is on ${name}`, 'move it to a local disk: records must survive');
}

async function space(file: string): Promise<Finding> {
  const percent = (await shareInUse(file)) * 100;
  const { warning, critical } = DISK_ALARM_PERCENT;
  const summary = `the database's disk is ${Math.round(percent)} % full`;
  if (percent < warning) return ok('disk', summary);
  const advice = 'make room: no token is issued that cannot be recorded';
  return percent < critical ? warn('disk', summary, advice) : fail('disk', summary, advice);
}
