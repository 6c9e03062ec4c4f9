import { join } from 'node:path';
import { archiveSubject } from '../domain/archive-testimony.ts';
import type { ArchiveEnd } from './archive-protocol.ts';
import { archiveRows } from './archive-table.ts';
import type { Reader } from './reader.ts';
import { digestOfFile, isSegmentFile } from './segment-file.ts';
import { archiveIn, isNameOf, type WitnessedArchive } from './witnessed-archive.ts';
import { witnessedAbout } from './witnessed-events.ts';

export interface ArchiveReading {
  readonly archives: readonly WitnessedArchive[];
  /** Segments whose row or file is not as the events have it: nothing is done to them. */
  readonly doubted: readonly string[];
}

export interface ArchiveWitnessParts {
  readonly reader: Pick<Reader, 'read'>;
  readonly archiveDir: string;
}

export class ArchiveWitness {
  readonly #parts: ArchiveWitnessParts;
  /** Digests of files that were read in this run; the files are sealed and never written to. */
  readonly #intact = new Set<string>();

  constructor(parts: ArchiveWitnessParts) {
    this.#parts = parts;
  }

  /** Every segment of the table, in order. `store_unavailable`. */
  async read(): Promise<ArchiveReading> {
    const { reader } = this.#parts;
    return await reader.read(async (trx) => {
      const archives: WitnessedArchive[] = [];
      const doubted: string[] = [];
      const rows = await archiveRows(trx);
      for (const [index, row] of rows.entries()) {
        const archive = archiveIn(row.number, await witnessedAbout(trx, archiveSubject(row.number)));
        if (archive && row.number === index + 1 && agrees(row, archive)) archives.push(archive);
        else doubted.push(`segment ${row.number}`);
      }
      const next = (rows.at(-1)?.number ?? 0) + 1;
      if (archiveIn(next, await witnessedAbout(trx, archiveSubject(next)))) doubted.push(`segment ${next}`);
      return { archives, doubted };
    });
  }

  /** Whether the file is there and is the one that was sealed. */
  isIntact({ number, file, fileDigest }: WitnessedArchive): boolean {
    const { archiveDir } = this.#parts;
    const known = `${file} ${fileDigest}`;
    if (!isSegmentFile(archiveDir, number, file)) return false;
    if (this.#intact.has(known)) return true;
    if (Buffer.from(digestOfFile(join(archiveDir, file))).toString('base64url') !== fileDigest) return false;
    this.#intact.add(known);
    return true;
  }
}

/** Where the last of them ends. */
export function endOf(archives: readonly WitnessedArchive[]): ArchiveEnd & { readonly number: number } {
  const last = archives.at(-1);
  return { number: last?.number ?? 0, group: last?.lastGroup ?? 0, record: last?.lastRecord ?? 0 };
}

type Row = Awaited<ReturnType<typeof archiveRows>>[number];

function agrees(row: Row, archive: WitnessedArchive): boolean {
  return (
    row.file === archive.file &&
    isNameOf(archive.number, archive.file) &&
    Buffer.from(row.file_digest).toString('base64url') === archive.fileDigest &&
    row.last_group === archive.lastGroup &&
    row.last_record === archive.lastRecord &&
    row.last_exp === archive.lastExp &&
    row.kids_json === JSON.stringify(archive.kids) &&
    (row.removed_at !== null) === archive.isRemoved
  );
}
