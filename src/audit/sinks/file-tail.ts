import { type FileHandle, open } from 'node:fs/promises';
import type { DeliveryPosition } from '../../kernel/audit.ts';
import { isPacked } from '../sink-files.ts';
import { linesOf, readSinkLine, type SinkEntry, type SinkTail, type TrailCheck } from '../sink-line.ts';
import { undefinedIfAbsent } from './file-mark.ts';

const FIRST_LOOK_BYTES = 256 * 1024;

export function reachOf({ event, checkpoint }: SinkTail): DeliveryPosition {
  return { sequence: event?.sequence ?? 0, checkpointNumber: checkpoint?.number ?? 0 };
}

export function reaches(reach: DeliveryPosition, confirmed: DeliveryPosition): boolean {
  return reach.sequence >= confirmed.sequence && reach.checkpointNumber >= confirmed.checkpointNumber;
}

export const ANYTHING: TrailCheck = { hasEvent: async () => true, hasCheckpoint: async () => true };

/** Of files, the newest first: as many as it takes to find both. */
export async function tailOf(files: readonly string[], trail: TrailCheck): Promise<SinkTail> {
  let tail: SinkTail = { event: undefined, checkpoint: undefined };
  for (const file of files) {
    const found = isPacked(file) ? await tailIn([...linesOf(file)], trail) : await readTail(file, trail);
    tail = { event: tail.event ?? found.event, checkpoint: tail.checkpoint ?? found.checkpoint };
    if (tail.event && tail.checkpoint) break;
  }
  return tail;
}

/** Looks at the end of the file first, and at more and more of it until it has found both. */
export async function readTail(file: string, trail: TrailCheck): Promise<SinkTail> {
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
export async function tailIn(lines: readonly string[], trail: TrailCheck): Promise<SinkTail> {
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
