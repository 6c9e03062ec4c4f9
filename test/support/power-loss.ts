import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileShared } from './compile-shared.ts';

const SOURCE = fileURLToPath(new URL('forget/forget.c', import.meta.url));
/** `struct undo`: where, how many bytes follow, and the file's size before. */
const HEAD_BYTES = 24;

/** What an undo took back. */
export interface Undone {
  /** Writes and truncations. */
  readonly writes: number;
  /** Files created, removed or renamed. */
  readonly names: number;
}

/** The files of a folder, and what of them a process with that environment has not synced. */
export interface PowerLoss {
  /** For the process whose unsynced writes are to be forgotten. */
  readonly environment: Readonly<Record<string, string>>;
  /** Once that process is dead: takes back what it did not sync, and begins anew. */
  undo(): Undone;
  remove(): void;
}

/** The syntax of the journals stands at the head of `forget/forget.c`. */
export async function createPowerLoss(folder: string): Promise<PowerLoss> {
  const journals = journalsOf(folder);
  mkdirSync(journals);
  // The loader splits LD_PRELOAD at spaces, and a checkout may lie under a path with one.
  const library = `${folder}.forget.so`;
  copyFileSync(await compileShared(SOURCE), library);
  return {
    environment: {
      LD_PRELOAD: library,
      FORGET_UNDER: folder,
      FORGET_JOURNALS: journals,
    },
    undo: () => undo(journals),
    remove() {
      for (const path of [journals, library]) rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Of the same file system, and not among what is watched. */
export function journalsOf(folder: string): string {
  return `${folder}.unsynced`;
}

function undo(journals: string): Undone {
  let writes = 0;
  let names = 0;
  const inFolder = readdirSync(journals);
  for (const name of inFolder.filter((each) => each.endsWith('.undo'))) {
    writes += undoWrites(join(journals, name), join(journals, name.replace(/undo$/, 'file')));
  }
  for (const name of inFolder.filter((each) => each.endsWith('.names'))) {
    names += undoNames(join(journals, name), journals);
  }
  for (const name of inFolder) rmSync(join(journals, name));
  return { writes, names };
}

function undoWrites(journal: string, file: string): number {
  const records = recordsIn(readFileSync(journal));
  if (records.length === 0) return 0;
  const fd = openSync(file, 'r+');
  try {
    for (const { offset, oldBytes, oldSize } of records.toReversed()) {
      for (let done = 0; done < oldBytes.length; ) {
        done += writeSync(fd, oldBytes, done, oldBytes.length - done, offset + done);
      }
      ftruncateSync(fd, oldSize);
    }
  } finally {
    closeSync(fd);
  }
  return records.length;
}

interface UndoRecord {
  readonly offset: number;
  readonly oldBytes: Buffer;
  readonly oldSize: number;
}

/** A record that the kill cut short is none: what it speaks of was not done yet. */
function recordsIn(journal: Buffer): readonly UndoRecord[] {
  const records: UndoRecord[] = [];
  for (let at = 0; at + HEAD_BYTES <= journal.length; ) {
    const [offset, length, oldSize] = [0, 8, 16].map((field) => Number(journal.readBigUInt64LE(at + field)));
    const from = at + HEAD_BYTES;
    at = from + (length ?? 0);
    if (at > journal.length) break;
    records.push({ offset: offset ?? 0, oldBytes: journal.subarray(from, at), oldSize: oldSize ?? 0 });
  }
  return records;
}

function undoNames(journal: string, journals: string): number {
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  const back = (inode: string | undefined, path: string | undefined) => {
    if (inode !== '0' && path) link(join(journals, `${inode}.file`), path);
  };
  for (const [act, ...of] of lines.toReversed().map((line) => line.split('\t'))) {
    if (act === 'created') rmSync(of[0] ?? '', { force: true });
    if (act === 'removed') back(of[0], of[1]);
    if (act !== 'renamed') continue;
    rmSync(of[3] ?? '', { force: true });
    back(of[1], of[3]);
    back(of[0], of[2]);
  }
  return lines.length;
}

/** It may be there still: what was noted may not have been done any more. */
function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
