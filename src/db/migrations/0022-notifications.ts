import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What is to be told to whom: it neither decides nor testifies, and is forgotten once it is settled. */
export const notifications: Migration = {
  async up(db) {
    await db.schema
      .createTable('notification_deliveries')
      .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('message_id', 'text', (column) => column.notNull().unique())
      .addColumn('kind', 'text', (column) =>
        column.notNull().check(sql`kind in ('event', 'escalation', 'summary')`),
      )
      .addColumn('event_sequence', 'integer', (column) => column.notNull())
      .addColumn('last_sequence', 'integer', (column) => column.notNull())
      .addColumn('events', 'integer', (column) => column.notNull())
      .addColumn('severity', 'text', (column) => column.notNull())
      .addColumn('route', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      // The scope whose contacts get it; empty for the target's own recipients.
      .addColumn('contacts_of', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) =>
        column.notNull().check(sql`state in ('pending', 'delivered', 'dead')`),
      )
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addColumn('next_attempt_at', 'integer')
      .addColumn('settled_at', 'integer')
      .addColumn('last_error', 'text')
      .addUniqueConstraint('notification_deliveries_once', [
        'event_sequence',
        'kind',
        'route',
        'target',
        'contacts_of',
      ])
      .modifyEnd(sql`strict`)
      .execute();
    for (const [name, columns] of [
      ['due', ['target', 'state', 'next_attempt_at']],
      ['by_state', ['state', 'target', 'settled_at']],
      ['by_time', ['target', 'contacts_of', 'created_at']],
    ] as const) {
      await db.schema
        .createIndex(`notification_deliveries_${name}`)
        .on('notification_deliveries')
        .columns([...columns])
        .execute();
    }
    await db.schema
      .createTable('notification_awaited')
      .addColumn('event_sequence', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('route', 'text', (column) => column.notNull())
      .addColumn('due_at', 'integer', (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute();
    await db.schema
      .createIndex('notification_awaited_by_time')
      .on('notification_awaited')
      .columns(['due_at'])
      .execute();
    await db.schema
      .createTable('notification_place')
      .addColumn('id', 'integer', (column) => column.primaryKey().notNull().check(sql`id = 1`))
      .addColumn('place', 'integer', (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute();
  },
};
