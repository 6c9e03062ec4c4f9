import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { ARCHIVE_EVENTS, type ArchivedSegment } from '../kernel/ledger-search.ts';
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

/** `segment-000001.db`, and `segment-000001.2.db` once values were erased from it twice. */
export function isNameOf(number: number, file: string): boolean {
  const base = `segment-${String(number).padStart(6, '0')}`;
  return file.startsWith(base) && /^(?:\.\d+)?\.db$/.test(file.slice(base.length));
}

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

/**
 * Writes a segment through `fill` and seals it: synced, read-only, under its name only when it is whole. Answers
 * its SHA-256. Where `fill` answers false nothing is left.
 */
export async function writeSegment(
  path: string,
  fill: (add: AddGroup) => Promise<boolean>,
): Promise<Uint8Array | null> {
  const part = `${path}.part`;
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY });
  rmSync(part, { force: true });
  try {
    return (await fillSegment(part, fill)) ? seal(part, path) : null;
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

function seal(part: string, path: string): Uint8Array {
  sync(part);
  chmodSync(part, OWNER_READS);
  const digest = digestOfFile(part);
  renameSync(part, path);
  sync(dirname(path));
  return digest;
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Whether that name is the segment's own, and a file of the folder, not something that leads elsewhere. */
export function isSegmentFile(archiveDir: string, number: number, file: string): boolean {
  return (
    isNameOf(number, file) && lstatSync(join(archiveDir, file), { throwIfNoEntry: false })?.isFile() === true
  );
}
