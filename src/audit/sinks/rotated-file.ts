import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { DeliveryPosition } from '../../kernel/audit.ts';
import { isPacked, rotatedFiles } from '../sink-files.ts';
import type { SinkTail, TrailCheck } from '../sink-line.ts';
import { reachOfTail } from '../trail-check.ts';
import { type FileMark, isThere, markOf, statOf } from './file-mark.ts';
import { ANYTHING, reaches, readTail, tailIn } from './file-tail.ts';

const gunzipped = promisify(gunzip);

export interface RotatedFile extends FileMark {
  readonly path: string;
  /** How long it is, unpacked, and what it ends with; undefined of one that is packed and too large to look into. */
  readonly content: { readonly length: bigint; readonly tail: SinkTail } | undefined;
}

export async function newestRotated(file: string): Promise<RotatedFile | undefined> {
  const [path] = rotatedFiles(file);
  return path === undefined ? undefined : await lookInto(path);
}

/** While files take other names, one may be seen under neither; it is renamed once, and packed once. */
const LOOKS = 3;

export async function lookAgain(
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

/** Whether it is the former file under another name, or the same packed. */
export function renamed(former: RotatedFile, found: RotatedFile): boolean {
  if (isThere(former, found)) return true;
  const [was, is] = [former.content, found.content];
  return was !== undefined && is?.length === was.length && isDeepStrictEqual(is.tail, was.tail);
}

/** Whether the sink's former file is kept in it: that file itself, a copy, or the same packed. */
export async function holdsAll(
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
