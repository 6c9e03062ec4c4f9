import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KeywardError } from '../kernel/errors.ts';

/** The number of a user that is named, or given by its number. `invalid_config` for one that the host does not know. */
export async function userId(user: string): Promise<number> {
  if (/^\d+$/.test(user)) return Number(user);
  try {
    const { stdout } = await promisify(execFile)('id', ['-u', '--', user], { timeout: 5_000 });
    if (/^\d+\n$/.test(stdout)) return Number(stdout);
  } catch (cause) {
    throw new KeywardError('invalid_config', `there is no user ${user} on this host`, { cause });
  }
  throw new KeywardError('invalid_config', `there is no user ${user} on this host`);
}
