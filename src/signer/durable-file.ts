import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { KeywardError } from '../kernel/errors.ts';

/**
 * Puts the text in place as a whole, mode 0600, and returns once file and directory are on disk: whoever reads
 * it later, after whatever crash, finds the old text or the new one.
 */
export function writeDurably(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    appendFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncDirectory(dirname(path));
}

/**
 * Appends to a file of exactly so many bytes, and returns once it is on disk; a crash may leave a part of the text.
 * False where there is no such file, and nothing was done.
 */
export function appendDurably(path: string, text: string, bytes: number): boolean {
  let file: number;
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    if (fstatSync(file).size !== bytes) return false;
    appendFileSync(file, text);
    fdatasyncSync(file);
    return true;
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

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
