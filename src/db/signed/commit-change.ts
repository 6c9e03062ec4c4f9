import { sql } from 'kysely';
import type { Trx } from '../schema.ts';
import { isRow, readHead, type StoredHead } from './read-stored.ts';
import { type Columns, contentOf, type RegistryTable } from './tables.ts';
import type { PreparedChange, PreparedRow, SealedBucket } from './trusted-registry.ts';
import { refusedRow } from './trusted-registry.ts';
import type { TrustedRow } from './verify-stored.ts';

/**
 * Writes rows, signatures, lists and head, within the transaction of the audit event. `registry_refused` where
 * the database is not as the plan found it.
 */
export async function commitChange(
  trx: Trx,
  { rows, sealed }: PreparedChange,
  head: StoredHead | null,
): Promise<void> {
  if (sealed) await refuseOtherHead(trx, head);
  for (const row of rows) await refuseOtherRow(trx, row);
  for (const row of rows) await writeRow(trx, row);
  if (!sealed) return;
  for (const bucket of sealed.buckets) await writeBucket(trx, bucket);
  const { version, signature } = sealed.head;
  await trx
    .insertInto('registry_head')
    .values({ id: 1, version, signature })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ version, signature }))
    .execute();
}

async function refuseOtherHead(trx: Trx, expected: StoredHead | null): Promise<void> {
  const found = await readHead(trx);
  if (found?.signature !== expected?.signature) throw refusedRow('registry_head', '1');
}

async function refuseOtherRow(trx: Trx, { table, id, before }: PreparedRow): Promise<void> {
  const mark = await readMark(trx, { table, id });
  if (!isMarked(mark, before)) throw refusedRow(table, id);
  if (!before?.row) return;
  const { rows } =
    await sql<Columns>`select * from ${sql.table(table)} where ${isRow(table, before.row)}`.execute(trx);
  const [found] = rows;
  if (!found || contentOf(found) !== contentOf(before.row)) throw refusedRow(table, id);
}

export async function readMark(trx: Trx, { table, id }: Pick<PreparedRow, 'table' | 'id'>) {
  return await trx
    .selectFrom('registry_rows')
    .select(['signature', 'pending'])
    .where('table_name', '=', table)
    .where('row_id', '=', id)
    .executeTakeFirst();
}

export function isMarked(
  mark: { signature: string; pending: string | null } | undefined,
  row: TrustedRow | undefined,
): boolean {
  if (!row || row.signature === null) return mark === undefined;
  return mark?.signature === row.signature && mark.pending === row.pending;
}

async function writeRow(trx: Trx, { table, id, before, after }: PreparedRow): Promise<void> {
  const [was, is] = [before?.row ?? null, after?.row ?? null];
  if (was && is) await updateRow(trx, table, is);
  else if (is) await insertRow(trx, table, is);
  else if (was) await sql`delete from ${sql.table(table)} where ${isRow(table, was)}`.execute(trx);
  await writeMark(trx, table, id, after);
}

async function insertRow(trx: Trx, table: RegistryTable, row: Columns): Promise<void> {
  const columns = sql.join(Object.keys(row).map((column) => sql.ref(column)));
  const values = sql.join(Object.values(row));
  await sql`insert into ${sql.table(table)} (${columns}) values (${values})`.execute(trx);
}

async function updateRow(trx: Trx, table: RegistryTable, row: Columns): Promise<void> {
  const assignments = sql.join(
    Object.entries(row).map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
  );
  await sql`update ${sql.table(table)} set ${assignments} where ${isRow(table, row)}`.execute(trx);
}

async function writeMark(
  trx: Trx,
  table_name: string,
  row_id: string,
  after: TrustedRow | undefined,
): Promise<void> {
  if (!after) {
    await trx
      .deleteFrom('registry_rows')
      .where('table_name', '=', table_name)
      .where('row_id', '=', row_id)
      .execute();
    return;
  }
  const { content, signature, pending } = after;
  if (signature === null) throw new Error(`${table_name} ${row_id} was not signed`);
  await trx
    .insertInto('registry_rows')
    .values({ table_name, row_id, content, signature, pending })
    .onConflict((conflict) =>
      conflict.columns(['table_name', 'row_id']).doUpdateSet({ content, signature, pending }),
    )
    .execute();
}

async function writeBucket(trx: Trx, { index, text }: SealedBucket): Promise<void> {
  await trx
    .insertInto('registry_buckets')
    .values({ bucket: index, rows_json: text })
    .onConflict((conflict) => conflict.column('bucket').doUpdateSet({ rows_json: text }))
    .execute();
}
