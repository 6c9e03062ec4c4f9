import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const NUMBERS = [
  'issued_from',
  'issued_until',
  'first_event',
  'last_event',
  'first_checkpoint',
  'last_checkpoint',
  'kept_ledger',
  'kept_revocations',
  'kept_registry',
];

/** What a database that was put back from an older copy lacks, accepted by two persons. */
export const recordGaps: Migration = {
  async up(db) {
    const table = db.schema
      .createTable('record_gaps')
      .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('reason', 'text', (column) => column.notNull());
    await NUMBERS.reduce((made, name) => made.addColumn(name, 'integer', (column) => column.notNull()), table)
      .addColumn('settled_at', 'integer')
      .modifyEnd(sql`strict`)
      .execute();
  },
};
