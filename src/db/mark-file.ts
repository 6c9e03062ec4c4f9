import { readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { ChainHead } from '../kernel/audit-chain.ts';
import { errorMessage } from '../lib/text.ts';
import { StoreFailure } from './failure.ts';

/** A sector: on disk it is the old or the new one. */
const BYTES = 512;

/** A group of the ledger that this host acknowledged, and when; seconds since the epoch. */
export interface AcknowledgedEnd extends ChainHead {
  readonly at: number;
}

export interface Mark extends AcknowledgedEnd {
  /** As whom it was written to the database. */
  readonly owner: string;
  /** From whom that owner has the database, until it acknowledged a group itself: the database may name either. */
  readonly before?: string;
  /** Under which boot of the kernel; null where all of it is on disk. */
  readonly boot: string | null;
}

/** Where a thread writes marks, and as whom. */
export interface MarkPlace {
  /** Of the open file, which all threads share. */
  readonly descriptor: number;
  readonly owner: string;
  readonly boot: string;
}

/** Undefined for anything else than what was written. */
export function readMark(descriptor: number): Mark | undefined {
  const text = Buffer.alloc(BYTES);
  readSync(descriptor, text, 0, BYTES, 0);
  const [line = '', sum] = text.toString('latin1').split('\n');
  if (sum !== checksum(line)) return undefined;
  const { hash, ...mark } = JSON.parse(line);
  return { ...mark, hash: Buffer.from(hash, 'base64url') };
}

/** Once for each group of the ledger: the threads of one process share no memory, and none waits within it. */
const sector = Buffer.alloc(BYTES);

/** `StoreFailure`. */
export function writeMark(descriptor: number, { hash, sequence, at, owner, before, boot }: Mark): void {
  const line = JSON.stringify({ sequence, at, hash: base64url(hash), owner, before, boot });
  const end = sector.write(`${line}\n${checksum(line)}\n`, 'latin1');
  sector.fill(' ', end);
  try {
    const count = writeSync(descriptor, sector, 0, BYTES, 0);
    if (count !== BYTES) throw new Error(`${count} of ${BYTES} bytes were written`);
  } catch (error) {
    throw markFailure(error);
  }
}

/** Of a group that is committed, before anybody is told of it. `StoreFailure`. */
export function markGroup(place: MarkPlace | undefined, { sequence, hash }: ChainHead, at: number): void {
  if (!place) return;
  const { descriptor, owner, boot } = place;
  writeMark(descriptor, { sequence, hash, at, owner, boot });
}

export function markFailure(error: unknown): StoreFailure {
  const message = `the file beside the ledger archive: ${errorMessage(error)}`;
  return new StoreFailure({ message, code: null, condition: 'io_error' });
}

/** Against damage, not against people: whoever may write the file may write any mark. */
function checksum(line: string): string {
  return crc32(line).toString(16);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}
