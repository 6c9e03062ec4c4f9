import { sql, type Transaction } from 'kysely';
import type { ArchivedSegment } from '../domain/ledger-archives.ts';
import type { ArchiveEnd, SealedSegment } from './archive-protocol.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** A segment whose file is there. */
export interface KeptArchive extends ArchivedSegment {
  readonly number: number;
  readonly file: string;
}

export async function archiveEnd(trx: Trx): Promise<ArchiveEnd & { readonly number: number }> {
  const newest = await trx
    .selectFrom('ledger_archives')
    .select(['number', 'last_group', 'last_record'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!newest) return { number: 0, group: 0, record: 0 };
  return { number: newest.number, group: newest.last_group, record: newest.last_record };
}

export async function keptArchives(trx: Trx): Promise<readonly KeptArchive[]> {
  const rows = await trx
    .selectFrom('ledger_archives')
    .select(['number', 'file', 'kids_json'])
    .where('removed_at', 'is', null)
    .orderBy('number')
    .execute();
  return rows.map(({ number, file, kids_json }) => ({
    number,
    file,
    kids: JSON.parse(kids_json) as string[],
  }));
}

export async function insertArchive(
  trx: Trx,
  number: number,
  file: string,
  segment: SealedSegment,
  sealedAt: number,
): Promise<void> {
  await trx
    .insertInto('ledger_archives')
    .values({
      number,
      file,
      file_digest: segment.fileDigest,
      first_group: segment.firstGroup,
      last_group: segment.lastGroup,
      first_record: segment.firstRecord,
      last_record: segment.lastRecord,
      last_exp: segment.lastExp,
      kids_json: JSON.stringify(segment.kids),
      sealed_at: sealedAt,
    })
    .execute();
}

export async function replaceFile(
  trx: Trx,
  number: number,
  file: string,
  fileDigest: Uint8Array,
): Promise<void> {
  await trx
    .updateTable('ledger_archives')
    .set({ file, file_digest: fileDigest })
    .where('number', '=', number)
    .execute();
}

export async function markRemoved(trx: Trx, number: number, removedAt: number): Promise<void> {
  await trx
    .updateTable('ledger_archives')
    .set({ removed_at: removedAt })
    .where('number', '=', number)
    .execute();
}

/** Deletes the oldest of the rows that lie in a segment, and the hashes of groups that lie there. */
export async function dropArchivedRows(trx: Trx, limit: number): Promise<number> {
  const { group, record } = await archiveEnd(trx);
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
