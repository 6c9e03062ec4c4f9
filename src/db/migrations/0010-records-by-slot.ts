import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Rows copied in one statement: the writer's deadline is for each. */
const ROWS_A_STEP = 100_000;

/** The index over the digests of all records gives way to one within slots of time (`record-slot.ts`). */
export const recordsBySlot: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`ALTER TABLE issuance_records RENAME TO issuance_records_0009`.execute(db);
    await createIssuanceRecords(db);
    await sql`CREATE UNIQUE INDEX issuance_records_slot ON issuance_records (iat >> 4, digest)`.execute(db);
    await copy(db as Kysely<{ issuance_records_0009: { sequence: number } }>);
    await db.schema.dropTable('issuance_records_0009').execute();
  },
};

async function createIssuanceRecords(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('issuance_records')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('digest', 'blob', (column) => column.notNull().check(sql`length(digest) = 32`))
    .addColumn('scope_id', 'text', (column) => column.notNull())
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('subject', 'text')
    .addColumn('root', 'text')
    .addColumn('iat', 'integer', (column) => column.notNull())
    .addColumn('exp', 'integer', (column) => column.notNull())
    .addColumn('salt', 'blob')
    .addColumn('subject_commitment', 'blob')
    .addColumn('root_commitment', 'blob')
    .addColumn('group_sequence', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}

async function copy(db: Kysely<{ issuance_records_0009: { sequence: number } }>): Promise<void> {
  const { first, last } = await db
    .selectFrom('issuance_records_0009')
    .select((eb) => [eb.fn.min('sequence').as('first'), eb.fn.max('sequence').as('last')])
    .executeTakeFirstOrThrow();
  if (last === null) return;
  for (let from = first; from <= last; from += ROWS_A_STEP) {
    await sql`INSERT INTO issuance_records SELECT * FROM issuance_records_0009
      WHERE sequence >= ${from} AND sequence < ${from + ROWS_A_STEP}`.execute(db);
  }
}
