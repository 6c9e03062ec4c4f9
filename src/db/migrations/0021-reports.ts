import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What people report. Text and contact go with their salt when they are erased; the audit trail keeps the
 * commitment. Steps are added, and neither changed nor removed.
 */
export const reports: Migration = {
  async up(db) {
    await db.schema
      .createTable('reports')
      .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('number', 'text', (column) => column.notNull().unique())
      .addColumn('scope_id', 'text', (column) => column.notNull())
      .addColumn('received_at', 'integer', (column) => column.notNull())
      .addColumn('digest', 'blob')
      .addColumn('suspicion_json', 'text')
      .addColumn('suspicion_salt', 'blob')
      .addColumn('suspicion_commitment', 'blob', (column) => column.notNull())
      .addColumn('audit_sequence', 'integer', (column) => column.notNull().unique())
      .modifyEnd(sql`strict`)
      .execute();
    await db.schema.createIndex('reports_digest').on('reports').column('digest').execute();
    await db.schema
      .createTable('report_steps')
      .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('report_number', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) =>
        column.notNull().check(sql`kind in ('examined', 'taken', 'noted', 'closed')`),
      )
      .addColumn('taken_by', 'text', (column) => column.notNull())
      .addColumn('taken_at', 'integer', (column) => column.notNull())
      .addColumn('outcome', 'text')
      .addColumn('note', 'text')
      .addColumn('findings_json', 'text')
      .addColumn('audit_sequence', 'integer', (column) => column.notNull().unique())
      .modifyEnd(sql`strict`)
      .execute();
    await db.schema
      .createIndex('report_steps_report')
      .on('report_steps')
      .columns(['report_number', 'kind'])
      .execute();
  },
};
