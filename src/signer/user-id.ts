import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KeywardError } from '../kernel/errors.ts';

/** By its whole path and without an environment: nobody chooses another. */
const ID = '/usr/bin/id';
/** What the kernel shows of a user that it does not know here, whatever name the host gives it. */
const OVERFLOW = 65_534;

/**
 * The number of a user that is named, or given by its number. `invalid_config` for one that the host does not know, and
 * for the one that stands for those.
 */
export async function userId(user: string): Promise<number> {
  const number = /^\d+$/.test(user) ? Number(user) : await lookedUp(user);
  if (number !== OVERFLOW) return number;
  throw new KeywardError('invalid_config', `user ${user} stands for users that the kernel does not know`);
}

async function lookedUp(user: string): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)(ID, ['-u', '--', user], { timeout: 5_000, env: {} });
    if (/^\d+\n$/.test(stdout)) return Number(stdout);
  } catch (cause) {
    throw new KeywardError('invalid_config', `there is no user ${user} on this host`, { cause });
  }
  throw new KeywardError('invalid_config', `there is no user ${user} on this host`);
}
