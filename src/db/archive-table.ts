import { join } from 'node:path';
import { sql, type Updateable } from 'kysely';
import type { SealedEvent } from '../kernel/audit.ts';
import { ARCHIVE_EVENTS, archiveSubject } from '../kernel/ledger-search.ts';
import type { ArchiveEnd, SealedSegment } from './archive-protocol.ts';
import { snakeCased } from './camel-case.ts';
import { headOf } from './chain-end.ts';
import { sealedFromRow } from './event-seals.ts';
import { auditEvents } from './event-source.ts';
import type { Schema, Trx, TrxReader } from './schema.ts';
import { type AuditedArchive, archiveIn, digestOfFile, isNameOf, isSegmentFile } from './segment-file.ts';
import { witnessed } from './unwitnessed.ts';

/** In the order of their numbers. */
async function archiveRows(trx: Trx) {
  return await trx.selectFrom('ledger_archives').selectAll().orderBy('number').execute();
}

/** Files that the database lists and that are not in that folder. Nothing vouches for the list. */
export async function listedButMissing(trx: Trx, archiveDir: string): Promise<readonly string[]> {
  const rows = await archiveRows(trx);
  return rows
    .filter(({ number, file, removed_at }) => removed_at === null && !isSegmentFile(archiveDir, number, file))
    .map(({ file }) => file);
}

/**
 * Whether that segment is still to come, and no values were erased since that event: other fronts archive and erase as
 * well. In turn with what they commit.
 */
export async function isStillNext(trx: Trx, number: number, auditEnd: number): Promise<boolean> {
  const rows = await archiveRows(trx);
  const erased = await trx
    .selectFrom('audit_events')
    .select('sequence')
    .where('sequence', '>', auditEnd)
    .where('type', '=', ARCHIVE_EVENTS.replaced)
    .limit(1)
    .executeTakeFirst();
  return rows.length === number - 1 && erased === undefined;
}

export async function insertArchive(
  trx: Trx,
  number: number,
  file: string,
  { kids, ...segment }: SealedSegment,
  sealedAt: number,
): Promise<void> {
  await trx
    .insertInto('ledger_archives')
    .values({
      number,
      file,
      ...snakeCased(segment),
      kids_json: JSON.stringify(kids),
      sealed_at: sealedAt,
    })
    .execute();
}

type Place = Pick<AuditedArchive, 'number' | 'file'>;

/** Whether that file was still the segment's. */
export function replaceFile(
  trx: Trx,
  former: Place,
  { file, fileDigest }: { readonly file: string; readonly fileDigest: Uint8Array },
): Promise<boolean> {
  return update(trx, former, { file, file_digest: fileDigest });
}

/** The same. */
export function markRemoved(trx: Trx, former: Place, removedAt: number): Promise<boolean> {
  return update(trx, former, { removed_at: removedAt });
}

async function update(
  trx: Trx,
  { number, file }: Place,
  columns: Updateable<Schema['ledger_archives']>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('ledger_archives')
    .set(columns)
    .where('number', '=', number)
    .where('file', '=', file)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Deletes the oldest of the rows up to that end, and the hashes of groups up to it. */
export async function dropArchivedRows(
  trx: Trx,
  { group, record }: ArchiveEnd,
  limit: number,
): Promise<number> {
  const oldestHashes = trx
    .selectFrom('ledger_row_hashes')
    .select('group_sequence')
    .where('group_sequence', '<=', group)
    .orderBy('group_sequence')
    .limit(sql.lit(limit));
  await trx.deleteFrom('ledger_row_hashes').where('group_sequence', 'in', oldestHashes).execute();
  const oldest = trx
    .selectFrom('issuance_records')
    .select('sequence')
    .where('sequence', '<=', record)
    .orderBy('sequence')
    .limit(sql.lit(limit));
  const { numDeletedRows } = await trx
    .deleteFrom('issuance_records')
    .where('sequence', 'in', oldest)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/**
 * Audit events about that subject that something stands behind, in order. Whoever writes to the database cannot make
 * one, so what cannot be undone takes its facts from them and never from a row.
 */
async function witnessedAbout(trx: Trx, subject: string): Promise<readonly SealedEvent[]> {
  const rows = await auditEvents(trx).where('subject', '=', subject).orderBy('sequence').execute();
  return (await witnessed(trx, rows)).map(sealedFromRow);
}

export interface ArchiveReading {
  readonly archives: readonly AuditedArchive[];
  /** Segments whose row or file is not as the events have it: nothing is done to them. */
  readonly doubted: readonly string[];
  /** The last audit event that was there. */
  readonly auditEnd: number;
}

interface AuditedArchivesDeps {
  readonly reader: TrxReader;
  readonly archiveDir: string;
}

export class AuditedArchives {
  readonly #deps: AuditedArchivesDeps;
  /** Digests of files that were read in this run; the files are sealed and never written to. */
  readonly #intact = new Set<string>();

  constructor(deps: AuditedArchivesDeps) {
    this.#deps = deps;
  }

  /** Every segment of the table, in order. `store_unavailable`. */
  async read(): Promise<ArchiveReading> {
    const { reader } = this.#deps;
    return await reader.read(async (trx) => {
      const archives: AuditedArchive[] = [];
      const doubted: string[] = [];
      const rows = await archiveRows(trx);
      for (const [index, row] of rows.entries()) {
        const archive = archiveIn(row.number, await witnessedAbout(trx, archiveSubject(row.number)));
        if (archive && row.number === index + 1 && agrees(row, archive)) archives.push(archive);
        else doubted.push(`segment ${row.number}`);
      }
      const next = (rows.at(-1)?.number ?? 0) + 1;
      if (archiveIn(next, await witnessedAbout(trx, archiveSubject(next)))) doubted.push(`segment ${next}`);
      return { archives, doubted, auditEnd: (await headOf(trx, 'audit')).sequence };
    });
  }

  /** Whether its file is in this front's folder. */
  isHere({ number, file }: AuditedArchive): boolean {
    return isSegmentFile(this.#deps.archiveDir, number, file);
  }

  /** Whether the file is there and is the one that was sealed. */
  isIntact({ number, file, fileDigest }: AuditedArchive): boolean {
    const { archiveDir } = this.#deps;
    const known = `${file} ${fileDigest}`;
    if (!isSegmentFile(archiveDir, number, file)) return false;
    if (this.#intact.has(known)) return true;
    if (Buffer.from(digestOfFile(join(archiveDir, file))).toString('base64url') !== fileDigest) return false;
    this.#intact.add(known);
    return true;
  }
}

/** Where the last of them ends. */
export function endOf(archives: readonly AuditedArchive[]): ArchiveEnd & { readonly number: number } {
  const last = archives.at(-1);
  return { number: last?.number ?? 0, group: last?.lastGroup ?? 0, record: last?.lastRecord ?? 0 };
}

type Row = Awaited<ReturnType<typeof archiveRows>>[number];

function agrees(row: Row, archive: AuditedArchive): boolean {
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
