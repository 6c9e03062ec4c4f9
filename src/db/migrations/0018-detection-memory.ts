import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What detections have learned of each client: a cache of experience, rewritten as it grows. */
export const detectionMemory: Migration = {
  async up(db) {
    await db.schema
      .createTable('detection_memory')
      .addColumn('detection', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('memory_json', 'text', (column) => column.notNull())
      .addColumn('kept_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('detection_memory_key', ['detection', 'name'])
      .modifyEnd(sql`strict`)
      .execute();
  },
};
