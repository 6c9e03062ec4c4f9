import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { DeliveryPosition } from '../../kernel/audit.ts';
import { openForAppending } from '../../lib/secret-file.ts';
import { filesOfSink, inSequence, isPacked, rotatedFiles } from '../sink-files.ts';
import {
  type AuditSink,
  linesOf,
  readSinkLine,
  type SinkChange,
  type SinkEntry,
  type SinkTail,
  type TrailCheck,
  writeSinkLine,
} from '../sink-line.ts';
import { reachOfTail } from '../trail-check.ts';

const gunzipped = promisify(gunzip);
const FIRST_LOOK_BYTES = 256 * 1024;

/** A file as it was left. */
type FileMark = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;

/**
 * JSON Lines, appended and synced; nothing is ever changed or cut off, so the file may be append-only
 * (`chattr +a`). A line that a crash cut short is ended by the next write and is no entry. It may be rotated: the
 * rotated files beside it are read with it.
 */
export function createFileSink(file: string): AuditSink {
  let opened: Promise<FileHandle> | undefined;
  /** As it was when it was first looked at, then as the last write left it. */
  let left: FileMark | undefined;
  /** The file that was rotated away last, which is watched until the next one is. */
  let rotated: RotatedFile | undefined;
  /** Whether what was written last may be there in part. */
  let isPartial = false;
  /** Whether the last write found that the file was emptied under it. */
  let wasCut = false;
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
  const begin = async () => {
    left = await statOf(file);
    wasCut = false;
    rotated ??= await newestRotated(file);
  };
  const changed = async (
    change: Omit<SinkChange, 'reach'>,
    from: readonly string[],
    trail: TrailCheck,
  ): Promise<SinkChange> => {
    letGo();
    const reach = reachOf(await tailOf(from, trail));
    await begin();
    return { ...change, reach };
  };
  /** What was written while the file was emptied stands behind a gap. */
  const readable = () => [...(wasCut ? [] : [file]), ...rotatedFiles(file).filter((each) => !isPacked(each))];
  /** What it holds, by its end, must reach as far as it got: the first look, and where somebody else wrote. */
  const lookAtEnd = async (
    confirmed: DeliveryPosition,
    trail: TrailCheck,
    why: string,
  ): Promise<SinkChange | undefined> => {
    await begin();
    const reach = reachOf(await tailOf(filesOfSink(file).toReversed(), trail));
    return reaches(reach, confirmed) ? undefined : { kind: 'lost', why, reach };
  };
  /** The newest of the rotated files takes other names, and is packed; it may not go. */
  const lookForRotated = async (trail: TrailCheck): Promise<SinkChange | undefined> => {
    const former = rotated;
    if (!former || isThere(former, await statOf(former.path))) return undefined;
    rotated = await lookAgain(file, (found) => renamed(former, found));
    if (rotated) return undefined;
    const remaining = readable().filter((each) => each !== file);
    return changed(
      { kind: 'lost', why: `${former.path} was deleted after it was rotated` },
      remaining,
      trail,
    );
  };
  return {
    name: `file:${file}`,
    async tail() {
      if (!left) await begin();
      return await tailOf(filesOfSink(file).toReversed(), ANYTHING);
    },
    history: () => historyOf(file),
    async examine(confirmed, trail) {
      if (!left) return await lookAtEnd(confirmed, trail, `${file} lacks what it had confirmed`);
      const change = wasCut ? cutShort(file) : changeOf(file, left, await statOf(file), isPartial);
      if (!change) return await lookForRotated(trail);
      if (change.kind === 'foreign') {
        letGo();
        return (await lookAtEnd(confirmed, trail, change.why)) ?? { ...change, reach: confirmed };
      }
      const [former, before] = [left, rotated];
      const kept = await lookAgain(file, (found) => holdsAll(found, former, confirmed, before, trail));
      if (!kept) return await changed(change, readable(), trail);
      letGo();
      rotated = kept;
      await begin();
      return { kind: 'rotated', why: `${file} was rotated to ${basename(kept.path)}`, reach: confirmed };
    },
    async write(entries) {
      const to = await handle();
      const before = await to.stat({ bigint: true });
      // Deleted between the look and the opening: the next look tells.
      if (left && changeOf(file, left, before, true)) throw new Error(`${file} was changed`);
      const lines = entries.map((entry) => `${writeSinkLine(entry)}\n`).join('');
      isPartial = true;
      await to.appendFile(lines);
      await to.datasync();
      const after = await to.stat({ bigint: true });
      const size = before.size + BigInt(Buffer.byteLength(lines));
      isPartial = false;
      wasCut = after.size < size;
      left = wasCut ? markOf(before) : { ...markOf(after), size };
      if (wasCut) throw new Error(`${file} was cut short while it was written`);
    },
    reset: letGo,
  };
}

function markOf({ dev, ino, size, mtimeNs }: FileMark): FileMark {
  return { dev, ino, size, mtimeNs };
}

function statOf(file: string): Promise<BigIntStats | undefined> {
  return stat(file, { bigint: true }).catch(undefinedIfAbsent);
}

function undefinedIfAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function changeOf(
  file: string,
  left: FileMark,
  now: FileMark | undefined,
  isPartial: boolean,
): Omit<SinkChange, 'reach'> | undefined {
  if (!now) return { kind: 'lost', why: `${file} was deleted or moved away` };
  if (now.ino !== left.ino || now.dev !== left.dev) return { kind: 'lost', why: `${file} was replaced` };
  if (now.size < left.size) return cutShort(file);
  if (isPartial || (now.size === left.size && now.mtimeNs === left.mtimeNs)) return undefined;
  return { kind: 'foreign', why: `${file} was written by somebody else` };
}

function cutShort(file: string): Omit<SinkChange, 'reach'> {
  return { kind: 'lost', why: `${file} was cut short` };
}

interface RotatedFile extends FileMark {
  readonly path: string;
  /** How long it is, unpacked, and what it ends with; undefined of one that is packed and too large to look into. */
  readonly content: { readonly length: bigint; readonly tail: SinkTail } | undefined;
}

async function newestRotated(file: string): Promise<RotatedFile | undefined> {
  const [path] = rotatedFiles(file);
  return path === undefined ? undefined : await lookInto(path);
}

/** While files take other names, one may be seen under neither; it is renamed once, and packed once. */
const LOOKS = 3;

async function lookAgain(
  file: string,
  fits: (found: RotatedFile) => boolean | Promise<boolean>,
): Promise<RotatedFile | undefined> {
  for (let look = 0; look < LOOKS; look += 1) {
    for (const path of rotatedFiles(file)) {
      const found = await lookInto(path);
      if (found && (await fits(found))) return found;
    }
  }
  return undefined;
}

/** It is there, at least as it was. */
function isThere(former: FileMark, now: FileMark | undefined): boolean {
  return now?.ino === former.ino && now.dev === former.dev && now.size >= former.size;
}

/** Whether it is the former file under another name, or the same packed. */
function renamed(former: RotatedFile, found: RotatedFile): boolean {
  if (isThere(former, found)) return true;
  const [was, is] = [former.content, found.content];
  return was !== undefined && is?.length === was.length && isDeepStrictEqual(is.tail, was.tail);
}

/** Whether the sink's former file is kept in it: that file itself, a copy, or the same packed. */
async function holdsAll(
  found: RotatedFile,
  former: FileMark,
  confirmed: DeliveryPosition,
  before: FileMark | undefined,
  trail: TrailCheck,
): Promise<boolean> {
  if (found.ino === before?.ino && found.mtimeNs === before.mtimeNs) return false;
  if (isThere(former, found)) return true;
  const { content } = found;
  if (!content || content.length < former.size) return false;
  return reaches(await reachOfTail(trail, content.tail), confirmed);
}

/** What is larger, packed, is not looked into while the service runs. */
const MOST_PACKED = 1n << 23n;
const MOST_UNPACKED = 1 << 27;

async function lookInto(path: string): Promise<RotatedFile | undefined> {
  const found = await statOf(path);
  if (!found) return undefined;
  const mark = { path, ...markOf(found) };
  if (!isPacked(path))
    return { ...mark, content: { length: found.size, tail: await readTail(path, ANYTHING) } };
  const text = found.size > MOST_PACKED ? undefined : await unpackedOf(path);
  if (!text) return { ...mark, content: undefined };
  const tail = await tailIn(text.toString('utf8').split('\n'), ANYTHING);
  return { ...mark, content: { length: BigInt(text.length), tail } };
}

/** Undefined for what is packed only in part as yet, and for what has gone. */
async function unpackedOf(path: string): Promise<Buffer | undefined> {
  try {
    return await gunzipped(await readFile(path), { maxOutputLength: MOST_UNPACKED });
  } catch {
    return undefined;
  }
}

/** Of all its files: first the events, then the checkpoints, which saw them. */
function* historyOf(file: string): Generator<SinkEntry> {
  const files = filesOfSink(file);
  yield* inSequence(
    () => entriesIn(files, 'event'),
    ({ event }) => event.sequence,
  );
  yield* inSequence(
    () => entriesIn(files, 'checkpoint'),
    ({ number }) => number,
  );
}

function* entriesIn<K extends SinkEntry['kind']>(
  files: readonly string[],
  kind: K,
): Generator<Extract<SinkEntry, { kind: K }>> {
  for (const file of files) {
    for (const line of linesOf(file)) {
      const entry = readSinkLine(line);
      if (entry?.kind === kind) yield entry as Extract<SinkEntry, { kind: K }>;
    }
  }
}

function reachOf({ event, checkpoint }: SinkTail): DeliveryPosition {
  return { sequence: event?.sequence ?? 0, checkpointNumber: checkpoint?.number ?? 0 };
}

function reaches(reach: DeliveryPosition, confirmed: DeliveryPosition): boolean {
  return reach.sequence >= confirmed.sequence && reach.checkpointNumber >= confirmed.checkpointNumber;
}

const ANYTHING: TrailCheck = { hasEvent: async () => true, hasCheckpoint: async () => true };

/** Of files, the newest first: as many as it takes to find both. */
async function tailOf(files: readonly string[], trail: TrailCheck): Promise<SinkTail> {
  let tail: SinkTail = { event: undefined, checkpoint: undefined };
  for (const file of files) {
    const found = isPacked(file) ? await tailIn([...linesOf(file)], trail) : await readTail(file, trail);
    tail = { event: tail.event ?? found.event, checkpoint: tail.checkpoint ?? found.checkpoint };
    if (tail.event && tail.checkpoint) break;
  }
  return tail;
}

/** Looks at the end of the file first, and at more and more of it until it has found both. */
async function readTail(file: string, trail: TrailCheck): Promise<SinkTail> {
  const handle = await open(file, 'r').catch(undefinedIfAbsent);
  if (!handle) return { event: undefined, checkpoint: undefined };
  try {
    const { size } = await handle.stat();
    for (let length = FIRST_LOOK_BYTES; ; length *= 8) {
      const tail = await tailIn(await lastLines(handle, size, Math.min(length, size)), trail);
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

/** The last of each that the trail has. */
async function tailIn(lines: readonly string[], trail: TrailCheck): Promise<SinkTail> {
  let event: SinkTail['event'];
  let checkpoint: SinkTail['checkpoint'];
  for (let at = lines.length - 1; at >= 0 && !(event && checkpoint); at -= 1) {
    const entry: SinkEntry | undefined = readSinkLine(lines[at] ?? '');
    if (entry?.kind === 'event' && !event) {
      const { sequence, hash } = entry.event;
      if (await trail.hasEvent({ sequence, hash })) event = { sequence, hash };
    }
    if (entry?.kind === 'checkpoint' && !checkpoint) {
      const { number, jws } = entry;
      if (await trail.hasCheckpoint({ number, jws })) checkpoint = { number, jws };
    }
  }
  return { event, checkpoint };
}
