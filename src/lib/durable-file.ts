import {
  appendFileSync,
  type BigIntStats,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';

const { O_APPEND, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** Device, inode, length and time of the last change: of another file, or after a write, it is another. */
export type FileVersion = string;

function versionOf({ dev, ino, size, ctimeNs }: BigIntStats): FileVersion {
  return [dev, ino, size, ctimeNs].join();
}

function versionOfOpen(file: number): FileVersion {
  return versionOf(fstatSync(file, { bigint: true }));
}

/** Of what lies there itself, be it a link. */
export function versionAt(path: string): FileVersion {
  return versionOf(lstatSync(path, { bigint: true }));
}

/** The text with the version that it was read from, or an older one. A link is not followed, but an error. */
export function readVersion(path: string): { readonly text: string; readonly version: FileVersion } {
  const file = openSync(path, O_RDONLY | O_NOFOLLOW);
  try {
    const version = versionOfOpen(file);
    return { text: readFileSync(file, 'utf8'), version };
  } finally {
    closeSync(file);
  }
}

/**
 * Puts the text in place as a whole, mode 0600, and returns once file and directory are on disk: whoever reads
 * it later, after whatever crash, finds the old text or the new one. Answers the file's version.
 */
export function writeDurably(path: string, text: string): FileVersion {
  const draft = `${path}.${process.pid}.tmp`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    appendFileSync(file, text);
    fsyncSync(file);
    renameSync(draft, path);
    syncPath(dirname(path));
    return versionOfOpen(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Appends to the file of exactly that version, and answers the next one once it is on disk; a crash may leave a part
 * of the text. Undefined where there is no such file, and nothing was done.
 */
export function appendDurably(path: string, text: string, version: FileVersion): FileVersion | undefined {
  let file: number;
  try {
    file = openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ELOOP'].includes(code)) return undefined;
    throw error;
  }
  try {
    if (versionOfOpen(file) !== version) return undefined;
    appendFileSync(file, text);
    fdatasyncSync(file);
    return versionOfOpen(file);
  } finally {
    closeSync(file);
  }
}

/** Of a file or a folder. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
