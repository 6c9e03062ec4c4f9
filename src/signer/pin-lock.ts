import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { KeywardError } from '../domain/errors.ts';

const WAIT_SECONDS = 2;

/**
 * One attempt at a time, in whichever processes: two that read the latch side by side would each try the PIN
 * (I9). `hsm_unavailable` where another one is still at it.
 */
export function inPinTurn<T>(latchFile: string, attempt: () => T): T {
  const path = `${latchFile}.lock`;
  const file = open(path);
  try {
    lock(file, path);
    return attempt();
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    throw new KeywardError('hsm_unavailable', `${path} cannot be written`, { cause });
  }
}

/**
 * Node has no flock; flock(1) of util-linux locks the open file that it inherits. The kernel lets go of it once
 * ours is closed, however this process ends.
 */
function lock(file: number, path: string): void {
  const { status, error } = spawnSync('flock', ['--exclusive', '--wait', `${WAIT_SECONDS}`, '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file],
  });
  if (status === 0) return;
  const why = error ? 'cannot be locked: flock of util-linux is needed' : 'is held by another login';
  throw new KeywardError('hsm_unavailable', `${path} ${why}`, { cause: error });
}
