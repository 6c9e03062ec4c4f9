import { statfsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config.ts';
import { initialCopyIn } from '../db/copy/initial-copy.ts';
import { type DatabaseSettings, isFile, isMade } from '../db/database-settings.ts';
import { DATABASE_LEFT, lastEventType } from '../db/moved.ts';
import { openReader } from '../db/open-engine.ts';
import { openReadOnly, openWritable, readDurability } from '../db/sqlite/database-file.ts';
import { ownSchema } from '../db/sqlite/own-schema.ts';
import { foreignIn } from '../db/sqlite/schema-objects.ts';
import { readOpenRanges } from '../db/unwitnessed.ts';
import { shareInUse } from '../health/disk.ts';
import type { EventRange } from '../kernel/audit.ts';
import { DISK_ALARM_PERCENT } from '../kernel/security-event-types.ts';
import { type Finding, fail, ok, statusOf, warn } from '../lib/finding.ts';
import { errorMessage } from '../lib/text.ts';
import { checkPostgres } from './check-postgres.ts';

/** statfs(2) magic numbers of file systems on which SQLite's locks or its fsync do not hold. */
const UNSAFE_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021994, 'tmpfs'],
]);

/** Opens the database as the writer does, and reads back what durability rests on. */
export async function checkDatabase({ database }: Config): Promise<readonly Finding[]> {
  if (!isFile(database)) return await checkPostgres(database);
  const { file } = database;
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
    const why = errorMessage(error);
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
    return fail(check, `${file}: ${errorMessage(error)}`, 'see the finding before');
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

const CHECK = 'audit trail';

/** Whether events of the trail wait for two persons, as far as the trail itself tells of them. */
export async function checkTrail({ database }: Config): Promise<readonly Finding[]> {
  if (!isMade(database)) return [];
  try {
    const { ranges, last, initialCopy } = await trailOf(database);
    if (initialCopy) return [INCOMPLETE];
    return [last === DATABASE_LEFT ? MOVED : judge(ranges)];
  } catch (error) {
    const why = errorMessage(error);
    return [fail(CHECK, `it cannot be read: ${why}`, 'mend what is said of the database')];
  }
}

const INCOMPLETE = fail(
  CHECK,
  'a move has begun to fill this database: the service refuses to start',
  'finish it, or name the database that it is filled from: docs/postgresql.md#move',
);

const MOVED = fail(
  CHECK,
  'it ends with the move of this database: the service refuses to start',
  'name the database that it was moved to: docs/postgresql.md#move',
);

async function trailOf(database: DatabaseSettings) {
  const reader = await openReader(database);
  try {
    return await reader.read(async (trx) => ({
      ranges: await readOpenRanges(trx),
      last: await lastEventType(trx),
      initialCopy: await initialCopyIn(trx),
    }));
  } finally {
    await reader.close();
  }
}

function judge(ranges: readonly EventRange[]): Finding {
  if (ranges.length === 0) return ok(CHECK, 'no events wait for two persons to confirm them');
  const places = ranges.map(({ from, to }) => (from === to ? `event ${from}` : `events ${from} to ${to}`));
  return fail(
    CHECK,
    `nothing vouches for ${places.join(', ')}: they count for nothing until two persons confirm them`,
    'compare them with the log of that time: docs/runbooks/changed-records.md#auditunwitnessed',
  );
}
