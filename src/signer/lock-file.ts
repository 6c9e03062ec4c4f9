import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { KeywardError } from '../kernel/errors.ts';

const WAIT_SECONDS = 2;

/**
 * An exclusive lock on the file, across processes. The kernel releases it when the descriptor that is answered is
 * closed, however this process ends. `hsm_unavailable` after two seconds; `holder` names who else may have it.
 */
export function lockFile(path: string, holder: string): number {
  const file = open(path);
  try {
    lock(file, path, holder);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    throw new KeywardError('hsm_unavailable', `${path} cannot be written`, { cause });
  }
}

/** Node has no flock; flock(1) of util-linux locks the open file that it inherits. */
function lock(file: number, path: string, holder: string): void {
  const { status, error } = spawnSync('flock', ['--exclusive', '--wait', `${WAIT_SECONDS}`, '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file],
  });
  if (status === 0) return;
  const why = error ? `cannot be locked${needOf(error)}` : `is held by another ${holder}`;
  throw new KeywardError('hsm_unavailable', `${path} ${why}`, { cause: error });
}

function needOf({ code }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? ': flock of util-linux is needed' : '';
}
