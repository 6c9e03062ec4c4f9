import { sql, type Transaction } from 'kysely';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** Text and contact of what was reported under these numbers; answers of how many they stood there. */
export async function eraseReports(trx: Trx, numbers: readonly string[]): Promise<number> {
  return erase(trx, (rows) => rows.where('number', 'in', numbers));
}

/** Of what was reported by whoever can be reached there. */
export async function eraseReportsBy(trx: Trx, contact: string): Promise<number> {
  const given = sql<string>`lower(trim(json_extract(suspicion_json, '$.contact')))`;
  return erase(trx, (rows) => rows.where(given, '=', contact.trim().toLowerCase()));
}

/** Of what was reported about tokens of these digests. */
export async function eraseReportsAbout(trx: Trx, digests: readonly Uint8Array[]): Promise<number> {
  return erase(trx, (rows) => rows.where('digest', 'in', digests));
}

const updating = (trx: Trx) =>
  trx
    .updateTable('reports')
    .set({ suspicion_json: null, suspicion_salt: null })
    .where('suspicion_json', 'is not', null);

type Updating = ReturnType<typeof updating>;

async function erase(trx: Trx, which: (rows: Updating) => Updating): Promise<number> {
  const { numUpdatedRows } = await which(updating(trx)).executeTakeFirst();
  return Number(numUpdatedRows);
}
