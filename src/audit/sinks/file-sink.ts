import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { openForAppending } from '../../lib/secret-file.ts';
import {
  type AuditSink,
  linesOf,
  readSinkLine,
  type SinkChange,
  type SinkEntry,
  type SinkTail,
  writeSinkLine,
} from '../sink-line.ts';

const FIRST_LOOK_BYTES = 256 * 1024;

/**
 * JSON Lines, appended and synced; nothing is ever changed or cut off, so the file may be append-only
 * (`chattr +a`). A line that a crash cut short is ended by the next write and is no entry.
 */
export function createFileSink(file: string): AuditSink {
  let opened: Promise<FileHandle> | undefined;
  /** As it was when it was first looked at, then as the last write left it. */
  let left: BigIntStats | undefined;
  /** Whether what was written last may be there in part. */
  let isCutShort = false;
  const handle = () => {
    opened ??= openForAppending(file);
    return opened;
  };
  const letGo = () => {
    const former = opened;
    opened = undefined;
    // Closing waits for what hangs, so nobody waits for closing.
    former?.then((each) => each.close()).catch(() => {});
  };
  const statNow = () => stat(file, { bigint: true }).catch(undefinedIfAbsent);
  return {
    name: `file:${file}`,
    async tail() {
      left ??= await statNow();
      return await readTail(file);
    },
    history: () => entriesIn(file),
    async examine() {
      if (!left) return undefined;
      const change = changeOf(file, left, await statNow(), isCutShort);
      if (!change) return undefined;
      left = undefined;
      letGo();
      return change;
    },
    async write(entries) {
      const to = await handle();
      // Deleted between the look and the opening: the next look tells.
      if (left && changeOf(file, left, await to.stat({ bigint: true }), true))
        throw new Error(`${file} was changed`);
      isCutShort = true;
      await to.appendFile(entries.map((entry) => `${writeSinkLine(entry)}\n`).join(''));
      await to.datasync();
      left = await to.stat({ bigint: true });
      isCutShort = false;
    },
    reset: letGo,
  };
}

function* entriesIn(file: string): Generator<SinkEntry> {
  for (const line of linesOf(file)) {
    const entry = readSinkLine(line);
    if (entry) yield entry;
  }
}

function undefinedIfAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function changeOf(
  file: string,
  left: BigIntStats,
  now: BigIntStats | undefined,
  isCutShort: boolean,
): SinkChange | undefined {
  if (!now) return { why: `${file} was deleted or moved away`, isLost: true };
  if (now.ino !== left.ino || now.dev !== left.dev) return { why: `${file} was replaced`, isLost: true };
  if (now.size < left.size) return { why: `${file} was cut short`, isLost: true };
  if (isCutShort || (now.size === left.size && now.mtimeNs === left.mtimeNs)) return undefined;
  return { why: `${file} was written by somebody else`, isLost: false };
}

/** Looks at the end of the file first, and at more and more of it until it has found both. */
async function readTail(file: string): Promise<SinkTail> {
  const handle = await open(file, 'r').catch(undefinedIfAbsent);
  if (!handle) return { event: undefined, checkpoint: undefined };
  try {
    const { size } = await handle.stat();
    for (let length = FIRST_LOOK_BYTES; ; length *= 8) {
      const tail = tailIn(await lastLines(handle, size, Math.min(length, size)));
      if (length >= size || (tail.event && tail.checkpoint)) return tail;
    }
  } finally {
    await handle.close();
  }
}

async function lastLines(handle: FileHandle, size: number, length: number): Promise<string[]> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
  // The first may have begun before, and the last has not ended.
  return lines.slice(length < size ? 1 : 0, -1);
}

function tailIn(lines: readonly string[]): SinkTail {
  let event: SinkTail['event'];
  let checkpoint: SinkTail['checkpoint'];
  for (let at = lines.length - 1; at >= 0 && !(event && checkpoint); at -= 1) {
    const entry: SinkEntry | undefined = readSinkLine(lines[at] ?? '');
    if (entry?.kind === 'event') event ??= { sequence: entry.event.sequence, hash: entry.event.hash };
    if (entry?.kind === 'checkpoint') checkpoint ??= { number: entry.number, jws: entry.jws };
  }
  return { event, checkpoint };
}
