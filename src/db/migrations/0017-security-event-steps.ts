import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Who acknowledged or resolved a security event: rows are added, and neither changed nor removed. */
export const securityEventSteps: Migration = {
  async up(db) {
    await db.schema
      .createTable('security_event_steps')
      .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('event_sequence', 'integer', (column) => column.notNull())
      .addColumn('state', 'text', (column) =>
        column.notNull().check(sql`state in ('acknowledged', 'resolved')`),
      )
      .addColumn('taken_by', 'text', (column) => column.notNull())
      .addColumn('taken_at', 'integer', (column) => column.notNull())
      .addColumn('note', 'text')
      .addColumn('audit_sequence', 'integer', (column) => column.notNull().unique())
      .addUniqueConstraint('security_event_steps_once', ['event_sequence', 'state'])
      .modifyEnd(sql`strict`)
      .execute();
    for (const column of ['type', 'severity']) {
      await db.schema
        .createIndex(`security_events_by_${column}`)
        .on('security_events')
        .columns([column, 'sequence'])
        .execute();
    }
  },
};
