import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DeliveryPosition } from '../../kernel/audit.ts';
import { openForAppending } from '../../lib/secret-file.ts';
import { filesOfSink, inSequence, isPacked, rotatedFiles } from '../sink-files.ts';
import {
  type AuditSink,
  linesOf,
  readSinkLine,
  type SinkChange,
  type SinkEntry,
  type TrailCheck,
  writeSinkLine,
} from '../sink-line.ts';
import { type FileMark, isThere, markOf, statOf } from './file-mark.ts';
import { ANYTHING, reaches, reachOf, tailOf } from './file-tail.ts';
import { holdsAll, lookAgain, newestRotated, type RotatedFile, renamed } from './rotated-file.ts';

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
