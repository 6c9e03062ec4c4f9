import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { usageFailure } from './failure.ts';

/** A usage failure where it is there already: for what takes long before it is written. */
export function refuseExisting(file: string): void {
  if (existsSync(file)) throw usageFailure(exists(file));
}

/** Its descriptor; a usage failure where it is there already, so that nothing is ever overwritten. */
export function createFile(file: string, mode: number): number {
  try {
    return openSync(file, 'wx', mode);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usageFailure(code === 'EEXIST' ? exists(file) : `${file} cannot be made (${code})`);
  }
}

/** For what everybody may read. */
export function writeNewFile(file: string, text: string): void {
  const descriptor = createFile(file, 0o644);
  try {
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function exists(file: string): string {
  return `${file} exists; it is not overwritten`;
}
