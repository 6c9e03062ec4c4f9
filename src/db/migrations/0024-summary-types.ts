import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a message tells of, so that a summary says it too; empty for those from before. */
export const summaryTypes: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('notification_deliveries')
      .addColumn('types_json', 'text', (column) => column.notNull().defaultTo('[]'))
      .execute();
  },
};
