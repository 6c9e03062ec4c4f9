import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { KeywardError } from '../kernel/errors.ts';

const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

/** Of a file that nobody but root and this user can write. `invalid_config`. */
export function ownText(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isAbsent ? 'there is no such file' : 'it cannot be opened';
    throw new KeywardError('invalid_config', `${path}: ${why}`, isAbsent ? {} : { cause });
  }
  try {
    requireOwn(file, path);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof KeywardError) throw cause;
    throw new KeywardError('invalid_config', `${path} cannot be read`, { cause });
  } finally {
    closeSync(file);
  }
}

/** Whoever can write this file chooses the module and the PIN file. */
function requireOwn(file: number, path: string): void {
  const status = fstatSync(file);
  if (!status.isFile()) refuseFile(path, 'is not a regular file');
  if ((status.mode & WRITABLE_BY_OTHERS) !== 0)
    refuseFile(path, 'is writable by group or others: chmod go-w it');
  if (status.uid !== ROOT && status.uid !== process.geteuid?.()) {
    refuseFile(path, 'belongs to another user: chown it to the one that runs the signer');
  }
}

/** `invalid_config`, naming the file. */
export function refuseFile(path: string, flaw: string): never {
  throw new KeywardError('invalid_config', `${path}: ${flaw}`);
}
