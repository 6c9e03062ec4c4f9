import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** A file as it was left. */
export type FileMark = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;

export function markOf({ dev, ino, size, mtimeNs }: FileMark): FileMark {
  return { dev, ino, size, mtimeNs };
}

export function statOf(file: string): Promise<BigIntStats | undefined> {
  return stat(file, { bigint: true }).catch(undefinedIfAbsent);
}

export function undefinedIfAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** It is there, at least as it was. */
export function isThere(former: FileMark, now: FileMark | undefined): boolean {
  return now?.ino === former.ino && now.dev === former.dev && now.size >= former.size;
}
