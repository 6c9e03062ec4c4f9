import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { folderOfTest } from './folder-of-test.ts';
import { temporaryFolder } from './temporary-folder.ts';

const mount = (size: string) => ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs'];

/** Mounting takes root and the capability for it; where it is not given, tests of real disks are skipped. */
export function canMount(): boolean {
  const { path, remove } = temporaryFolder();
  const mounted = spawnSync('mount', [...mount('1m'), path]).status === 0;
  if (mounted) execFileSync('umount', [path]);
  remove();
  return mounted;
}

/** A file system of that size, by default one mebibyte, gone when the test ends. */
export function smallDisk(size = '1m'): string {
  const disk = join(folderOfTest(), 'disk');
  mkdirSync(disk);
  execFileSync('mount', [...mount(size), disk]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', disk]));
  return disk;
}

/** Takes what space is left on a file's disk, down to less than a page. */
export function takeAllSpace(file: string): void {
  for (let bytes = 1 << 20; bytes >= 1 << 10; bytes >>= 1) appendWhilePossible(file, bytes);
}

function appendWhilePossible(file: string, bytes: number): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
