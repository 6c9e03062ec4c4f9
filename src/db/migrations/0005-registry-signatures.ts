import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const strict = sql`strict`;

export const registrySignatures: Migration = {
  async up(db) {
    await createRows(db);
    await createBuckets(db);
    await createHead(db);
  },
};

/** Beside each row of the registry: its content as it was signed, and what restricts it and is yet to be. */
async function createRows(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('registry_rows')
    .addColumn('table_name', 'text', (column) => column.notNull())
    .addColumn('row_id', 'text', (column) => column.notNull())
    .addColumn('content', 'text', (column) => column.notNull())
    .addColumn('signature', 'text', (column) => column.notNull())
    .addColumn('pending', 'text')
    .addPrimaryKeyConstraint('registry_rows_primary', ['table_name', 'row_id'])
    .modifyEnd(strict)
    .execute();
}

async function createBuckets(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('registry_buckets')
    .addColumn('bucket', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('rows_json', 'text', (column) => column.notNull())
    .modifyEnd(strict)
    .execute();
}

async function createHead(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('registry_head')
    .addColumn('id', 'integer', (column) => column.primaryKey().notNull().check(sql`id = 1`))
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('signature', 'text', (column) => column.notNull())
    .modifyEnd(strict)
    .execute();
}
