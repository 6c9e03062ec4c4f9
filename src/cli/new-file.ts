import { closeSync, openSync, writeSync } from 'node:fs';
import { usageFailure } from './failure.ts';

/** Its descriptor; a usage failure where it is there already, so that nothing is ever overwritten. */
export function createFile(file: string, mode: number): number {
  try {
    return openSync(file, 'wx', mode);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usageFailure(
      code === 'EEXIST' ? `${file} exists; it is not overwritten` : `${file} cannot be made (${code})`,
    );
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
