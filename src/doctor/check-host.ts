import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config.ts';
import { isFile } from '../db/database-settings.ts';
import { tokensOf } from '../hsm/tokens.ts';
import {
  type Finding,
  fail,
  octal,
  ok,
  openToOthers,
  statusOf,
  warn,
  writableByOthers,
} from '../lib/finding.ts';
import { errorMessage } from '../lib/text.ts';
import { forbidCoreDumps } from '../signer/hygiene.ts';
import { readHeaders } from '../tracing/headers.ts';

const TOLERANCE_MS = 2_000;
const TIMESYNCD = '/run/systemd/timesync/synchronized';

/** Wall time against what was written before, and whether anything keeps it right. */
export async function checkClock(config: Config): Promise<readonly Finding[]> {
  const latches = tokensOf(config).flatMap(({ settings }) => settings.latch_file ?? []);
  const files = [config.file, ...databaseFiles(config), ...latches];
  const newest = Math.max(0, ...files.map((file) => statusOf(file)?.mtimeMs ?? 0));
  return [againstFiles(Date.now(), newest), await synchronisation()];
}

export function againstFiles(nowMs: number, newestMs: number): Finding {
  if (nowMs + TOLERANCE_MS >= newestMs) return ok('clock', 'wall time does not lie before what was written');
  const seconds = Math.round((newestMs - nowMs) / 1000);
  return fail('clock', `wall time lies ${seconds} s before the newest file`, 'set the clock before serving');
}

async function synchronisation(): Promise<Finding> {
  const check = 'time service';
  const answer = existsSync(TIMESYNCD) ? 'yes' : await timedatectl();
  if (answer === 'yes') return ok(check, 'the clock is synchronised');
  const advice = 'run chrony or systemd-timesyncd here or on the host: tokens are dated by this clock';
  if (answer === 'no') return fail(check, 'the clock is not synchronised', advice);
  return warn(check, 'nothing here tells whether the clock is synchronised', advice);
}

async function timedatectl(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      'timedatectl',
      ['show', '-p', 'NTPSynchronized', '--value'],
      {
        timeout: 2_000,
      },
    );
    return stdout.trim();
  } catch {
    return undefined;
  }
}

const PATTERN = '/proc/sys/kernel/core_pattern';

/** Takes the measures that front and signer take, in this process, and reads what the kernel does with cores. */
export function checkCoreDumps(): readonly Finding[] {
  return [measures(), pattern(read(PATTERN))];
}

function measures(): Finding {
  const { problems } = forbidCoreDumps();
  if (problems.length === 0) return ok('core dumps', 'processes can keep their memory out of core dumps');
  return fail(
    'core dumps',
    problems.join('; '),
    'install util-linux (prlimit), and let the service write /proc/self/coredump_filter',
  );
}

export function pattern(value: string | undefined): Finding {
  const check = 'core pattern';
  if (value === undefined) return warn(check, `${PATTERN} cannot be read`, 'look at it as root');
  if (!value.startsWith('|')) return ok(check, 'cores would go to files, which the limit of 0 prevents');
  return warn(
    check,
    `the kernel pipes cores to ${value.slice(1).split(' ')[0]} and then ignores the limit of 0`,
    'only coredump_filter protects memory now; better: sysctl kernel.core_pattern=core',
  );
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function databaseFiles({ database }: Config): string[] {
  return isFile(database) ? [database.file] : [];
}

/** Who may read the database and its folder, and who may change the configuration. */
export function checkFiles(config: Config): readonly Finding[] {
  const folder = dirname(databaseFiles(config)[0] ?? config.ledger.archive_dir);
  return [closedFolder(folder), unchangeable('configuration', config.file)];
}

function closedFolder(folder: string): Finding {
  const check = 'files';
  const status = statusOf(folder);
  if (!status) return fail(check, `${folder} is not there`, 'run keyward init');
  if (writableByOthers(status)) {
    return fail(check, `${folder} may be changed by others (${octal(status)})`, `chmod 700 ${folder}`);
  }
  if (openToOthers(status)) {
    return warn(check, `${folder} may be read by others (${octal(status)})`, `chmod 700 ${folder}`);
  }
  return ok(check, `${folder} is closed to others`);
}

function unchangeable(check: string, file: string): Finding {
  const status = statusOf(file);
  if (!status) return fail(check, `${file} is not there`, 'restore it: it names the registry key');
  if (writableByOthers(status)) {
    return fail(check, `${file} may be changed by others (${octal(status)})`, `chmod go-w ${file}`);
  }
  return ok(check, `${file} may be changed by its owner alone`);
}

const SINKS = 'audit sinks';

/** Whether what happens to the disk of the database, or to who may write there, leaves one copy of the audit trail. */
export function checkSinks({ audit, database }: Config): Finding {
  if (!isFile(database)) return ok(SINKS, 'none is on the disk of the database');
  const disk = diskOf(database.file);
  const elsewhere = audit.sinks.filter((sink) => sink.type !== 'file' || diskOf(sink.file) !== disk);
  if (elsewhere.length > 0) return ok(SINKS, `${elsewhere.length} off the disk of the database`);
  return warn(
    SINKS,
    'every one is a file on the disk of the database: both are lost, or rewritten, together',
    'add one of type syslog on another machine to audit.sinks',
  );
}

/** Of the folder where there is no such file yet; undefined where that is not there either. */
function diskOf(file: string): number | undefined {
  return (statusOf(file) ?? statusOf(dirname(file)))?.dev;
}

export function checkMode(config: Config): Finding {
  if (config.mode === 'production') return ok('mode', 'production');
  return warn(
    'mode',
    'development: not everything is asked for that production asks for',
    'set mode: production before real services rely on it',
  );
}

const TRACING = 'tracing';

/** Whether the headers for the collector can be read; nothing is sent, and nothing is told where tracing is off. */
export async function checkTracing({ tracing }: Config): Promise<readonly Finding[]> {
  const { endpoint, headers_file } = tracing;
  if (endpoint === undefined) return [];
  try {
    if (headers_file !== undefined) await readHeaders(headers_file);
    return [ok(TRACING, `traces go to ${endpoint}`)];
  } catch (error) {
    return [fail(TRACING, errorMessage(error), 'mend the file; it is read at each attempt')];
  }
}
