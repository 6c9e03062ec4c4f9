import { readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { ChainHead } from '../kernel/audit-chain.ts';
import { HASH_BYTES } from '../kernel/ledger-chain.ts';
import { errorMessage } from '../lib/text.ts';
import { StoreFailure } from './failure.ts';

/** A sector: on disk it is the old or the new one. */
const BYTES = 512;
const [SUM, SUM_BYTES, NUMBER_BYTES] = [0, 4, 8];
const SEQUENCE = SUM + SUM_BYTES;
const AT = SEQUENCE + NUMBER_BYTES;
const HASH = AT + NUMBER_BYTES;
/** Of owners and boot, as JSON. */
const NAMES = HASH + HASH_BYTES;
/** In place of names that do not fit. Keyward's own do: somebody else wrote the owner into the database. */
const UNNAMED = JSON.stringify({ owner: '', boot: '' });

/** A group of the ledger that this host acknowledged, and when; seconds since the epoch. */
export interface AcknowledgedEnd extends ChainHead {
  readonly at: number;
}

export interface Mark extends AcknowledgedEnd {
  /** As whom it was written to the database. */
  readonly owner: string;
  /** From whom that owner has the database, until it acknowledged a group itself: the database may name either. */
  readonly before?: string | undefined;
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
  const sector = Buffer.alloc(BYTES);
  readSync(descriptor, sector, 0, BYTES, 0);
  if (sector.readUInt32BE(SUM) !== checksum(sector)) return undefined;
  return {
    sequence: sector.readDoubleBE(SEQUENCE),
    at: sector.readDoubleBE(AT),
    hash: sector.subarray(HASH, NAMES),
    ...JSON.parse(sector.toString('utf8', NAMES)),
  };
}

/** `StoreFailure`. */
export function writeMark(descriptor: number, mark: Mark): void {
  new MarkSector(descriptor, mark).write(mark, mark.at);
}

/** Written once for each group of the ledger, so all that stays is prepared. */
class MarkSector {
  readonly #descriptor: number;
  readonly #bytes = Buffer.alloc(BYTES, ' ');

  constructor(descriptor: number, { owner, before, boot }: Pick<Mark, 'owner' | 'before' | 'boot'>) {
    this.#descriptor = descriptor;
    const names = JSON.stringify({ owner, before, boot });
    this.#bytes.write(Buffer.byteLength(names) <= BYTES - NAMES ? names : UNNAMED, NAMES);
  }

  write({ sequence, hash }: ChainHead, at: number): void {
    const bytes = this.#bytes;
    bytes.writeDoubleBE(sequence, SEQUENCE);
    bytes.writeDoubleBE(at, AT);
    bytes.set(hash, HASH);
    bytes.writeUInt32BE(checksum(bytes), SUM);
    try {
      const count = writeSync(this.#descriptor, bytes, 0, BYTES, 0);
      if (count !== BYTES) throw new Error(`${count} of ${BYTES} bytes were written`);
    } catch (error) {
      throw markFailure(error);
    }
  }
}

/** Marks each committed group, before its records are acknowledged. */
export class GroupMark {
  readonly #sector: MarkSector | undefined;

  /** Without a place, nothing is marked. */
  constructor(place: MarkPlace | undefined) {
    this.#sector = place && new MarkSector(place.descriptor, place);
  }

  /** `StoreFailure`. */
  write(end: ChainHead, at: number): void {
    this.#sector?.write(end, at);
  }
}

export function markFailure(error: unknown): StoreFailure {
  const message = `the file beside the ledger archive: ${errorMessage(error)}`;
  return new StoreFailure({ message, code: null, condition: 'io_error' });
}

/** Against damage, not against people: whoever may write the file may write any mark. */
function checksum(sector: Buffer): number {
  return crc32(sector.subarray(SUM + SUM_BYTES));
}
