import { sql, type Transaction } from 'kysely';
import type { ArchiveEnd, SealedSegment } from './archive-protocol.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** In the order of their numbers. */
export async function archiveRows(trx: Trx) {
  return await trx.selectFrom('ledger_archives').selectAll().orderBy('number').execute();
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
