import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Config } from '../config.ts';
import { tokensOf } from '../hsm/tokens.ts';
import { statusOf } from './file-access.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const TOLERANCE_MS = 2_000;
const TIMESYNCD = '/run/systemd/timesync/synchronized';

/** Wall time against what was written before, and whether anything keeps it right. */
export async function checkClock(config: Config): Promise<readonly Finding[]> {
  const latches = tokensOf(config).map(({ settings }) => settings.latch_file);
  const files = [config.file, config.database.file, ...latches];
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
