import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const proposals: Migration = {
  async up(db) {
    await db.schema
      .createTable('proposals')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('act', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('parameters_json', 'text', (column) => column.notNull())
      .addColumn('before_json', 'text')
      .addColumn('after_json', 'text')
      .addColumn('proposed_by', 'text', (column) => column.notNull())
      .addColumn('proposed_at', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer', (column) => column.notNull())
      .addColumn('state', 'text', (column) =>
        column
          .notNull()
          .check(
            sql`state in ('open', 'executing', 'executed', 'refused', 'withdrawn', 'expired', 'failed')`,
          ),
      )
      .addColumn('decided_by', 'text')
      .addColumn('decided_at', 'integer')
      .addColumn('failure_code', 'text')
      .addColumn('failure_detail', 'text')
      .addCheckConstraint(
        'proposals_by_two',
        sql`decided_by is null or state <> 'executed' or decided_by <> proposed_by`,
      )
      .modifyEnd(sql`strict`)
      .execute();
  },
};
