import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The key of each run of the service, and its seal on each audit event. */
export const runSeals: Migration = {
  async up(db) {
    await db.schema
      .createTable('runs')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('public_key', 'text', (column) => column.notNull())
      .addColumn('started_at', 'integer', (column) => column.notNull())
      .addColumn('certificate', 'text')
      .modifyEnd(sql`strict`)
      .execute();
    await db.schema.alterTable('audit_events').addColumn('run_id', 'text').execute();
    await db.schema.alterTable('audit_events').addColumn('seal', 'blob').execute();
  },
};
