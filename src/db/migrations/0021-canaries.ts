import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Decoys: a row that went would silence an alarm, so each is signed as the registry's rows are. */
export const canaries: Migration = {
  async up(db) {
    await db.schema
      .createTable('canaries')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('kind', 'text', (column) =>
        column.notNull().check(sql`kind in ('credential', 'token', 'key')`),
      )
      .addColumn('planted', 'text', (column) => column.notNull())
      .addColumn('digest', 'blob', (column) => column.unique())
      .addColumn('scope_id', 'text')
      .addColumn('hsm_token', 'text')
      .addColumn('hsm_id', 'text', (column) => column.unique())
      .addColumn('kid', 'text')
      .addColumn('public_jwk_json', 'text')
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addColumn('retired_at', 'integer')
      .modifyEnd(sql`strict`)
      .execute();
  },
};
