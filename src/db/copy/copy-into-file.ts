import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RunKey } from '../../kernel/audit-chain.ts';
import type { Clock } from '../../kernel/clock.ts';
import { intoOneFile } from '../sqlite/online-copy.ts';
import { type Copied, type CopyOptions, type CopySource, copyStore } from './copy-store.ts';
import { openTarget } from './open-target.ts';
import type { ReplacedPages } from './replaced-pages.ts';

const OWNER_ONLY = 0o600;

interface FileCopyOptions extends CopyOptions {
  /** Absolute path; nothing may be there. */
  readonly file: string;
  /** Goes on with `partOf(file)`, which then stays whatever becomes of it. */
  readonly goesOn?: boolean;
  readonly run: RunKey;
  readonly clock: Clock;
  /** Looks at the copy before it gets its name; where it throws, the file does not appear. */
  readonly check?: (part: string, replaced: ReplacedPages) => Promise<void>;
}

/** Where a copy lies until it is whole. */
export function partOf(file: string): string {
  return `${file}.part`;
}

/** With what SQLite has beside it. */
export function discardPart(file: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(partOf(file) + end, { force: true });
}

/**
 * `copyStore` into one new file of mode 0600, without a log beside it. It gets its name once all of it is on the disk.
 * `EEXIST` where `partOf(file)` is there.
 */
export async function copyIntoFile(
  source: CopySource,
  { file, goesOn = false, run, clock, check = async () => {}, ...options }: FileCopyOptions,
): Promise<Copied> {
  const part = partOf(file);
  if (!goesOn) closeSync(openSync(part, 'wx', OWNER_ONLY));
  try {
    const copied = await copyInto(part);
    intoOneFile(part);
    await check(part, copied.replaced);
    sync(part);
    if (existsSync(file)) throw new Error(`${file} appeared meanwhile`);
    renameSync(part, file);
    sync(dirname(file));
    return copied;
  } catch (error) {
    if (!goesOn) discardPart(file);
    throw error;
  }

  async function copyInto(to: string): Promise<Copied> {
    const target = await openTarget({ database: { file: to }, run, clock });
    try {
      return await copyStore(source, target, options);
    } finally {
      await target.close();
    }
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
