import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { ARCHIVE_EVENTS, type ArchivedSegment } from '../kernel/ledger-search.ts';
import { syncPath } from '../lib/durable-file.ts';
import { type AddGroup, fillSegment } from './segment-rows.ts';

type ArchiveEvent = Pick<StoredEvent, 'type' | 'detailsJson'>;

/** A segment as its sealed audit events have it; the row beside them decides nothing. */
export interface AuditedArchive extends ArchivedSegment {
  readonly number: number;
  readonly file: string;
  /** SHA-256, base64url. */
  readonly fileDigest: string;
  readonly lastGroup: number;
  readonly firstRecord: number;
  readonly lastRecord: number;
  readonly isRemoved: boolean;
  /** Files of the segment that another one took the place of. */
  readonly formerFiles: readonly string[];
}

/** `segment-000001.db`, or a further edition such as `segment-000001.2.db`: values were erased, or the name was taken. */
export function isNameOf(number: number, file: string): boolean {
  const base = `segment-${String(number).padStart(6, '0')}`;
  return file.startsWith(base) && /^(?:\.\d+)?\.db$/.test(file.slice(base.length));
}

/** The name of a segment, and those for what takes its place: each is taken once. */
export function* namesOf(number: number, formerFile?: string): Generator<string> {
  const base = `segment-${String(number).padStart(6, '0')}`;
  const former = formerFile === undefined ? -1 : Number(/\.(\d+)\.db$/.exec(formerFile)?.[1] ?? 0);
  for (let edition = former + 1; ; edition += 1) yield edition === 0 ? `${base}.db` : `${base}.${edition}.db`;
}

/** A segment that is being written, or that a crash cut short: each has a name of its own. */
export const HALF_SEGMENT = /^segment-\d+(?:\.\d+)?\.db(?:\.[0-9a-f]+)?\.part$/;

/** By the events about it that something stands behind, in order. Undefined where none says that it was sealed. */
export function archiveIn(number: number, told: readonly ArchiveEvent[]): AuditedArchive | undefined {
  const at = told.findLastIndex(({ type }) => type === ARCHIVE_EVENTS.sealed);
  if (at < 0) return undefined;
  const sealed = detailsOf(told[at]);
  const later = told.slice(at + 1);
  const editions = [sealed, ...later.filter(({ type }) => type === ARCHIVE_EVENTS.replaced).map(detailsOf)];
  const current = editions.at(-1);
  const [, lastGroup] = sealed.groups as [number, number];
  const [firstRecord, lastRecord] = sealed.records as [number, number];
  const file = String(current?.file);
  return {
    number,
    file,
    fileDigest: String(current?.file_digest),
    kids: sealed.kids as string[],
    lastExp: sealed.last_exp as number,
    lastGroup,
    firstRecord,
    lastRecord,
    isRemoved: later.some(({ type }) => type === ARCHIVE_EVENTS.removed),
    formerFiles: editions.map((edition) => String(edition.file)).filter((name) => name !== file),
  };
}

function detailsOf(event: ArchiveEvent | undefined): Readonly<Record<string, unknown>> {
  return auditDetailsIn(event?.detailsJson ?? '');
}

const OWNER_READS = 0o400;
const OWNER_ONLY = 0o700;
const CHUNK_BYTES = 1 << 20;

export interface WrittenSegment {
  readonly file: string;
  /** SHA-256. */
  readonly fileDigest: Uint8Array;
}

/**
 * Writes a segment through `fill` and seals it: synced, read-only, under its name only when it is whole; that is the first
 * of `names` that nobody has, another front included. Where `fill` answers false nothing is left.
 */
export async function writeSegment(
  folder: string,
  names: Generator<string>,
  fill: (add: AddGroup) => Promise<boolean>,
): Promise<WrittenSegment | null> {
  mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
  const { value: first } = names.next();
  const part = join(folder, `${first}.${randomBytes(8).toString('hex')}.part`);
  try {
    if (!(await fillSegment(part, fill))) return null;
    const fileDigest = seal(part);
    let file: string = first;
    while (!take(join(folder, file))) file = names.next().value;
    renameSync(part, join(folder, file));
    syncPath(folder);
    return { file, fileDigest };
  } finally {
    rmSync(part, { force: true });
  }
}

export function digestOfFile(path: string): Uint8Array {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      hash.update(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest();
}

function seal(part: string): Uint8Array {
  syncPath(part);
  chmodSync(part, OWNER_READS);
  return digestOfFile(part);
}

/** Whether this process has the name now, and nobody had it. */
function take(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', OWNER_READS));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether that name is the segment's own, and a file of the folder, not something that leads elsewhere. */
export function isSegmentFile(archiveDir: string, number: number, file: string): boolean {
  return (
    isNameOf(number, file) && lstatSync(join(archiveDir, file), { throwIfNoEntry: false })?.isFile() === true
  );
}
