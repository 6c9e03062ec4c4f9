import { type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';
import { hash32, oneOf, onlyRow, primary, required, unique } from '../constraints.ts';

/** What is raised, reported and told, and what the service notes for itself. */
export async function createEvents(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createSecurityEvents(db, types);
  await createReports(db, types);
  await createCaseLog(db, types);
  await createNotifications(db, types);
  await createNotes(db, types);
}

/** Salt and evidence go together when they are erased; the audit trail keeps the commitment. */
async function createSecurityEvents(
  db: Kysely<unknown>,
  { bytes, count, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('security_events')
    .addColumn('sequence', count, primary)
    .addColumn('raised_at', seconds, required)
    .addColumn('type', text, required)
    .addColumn('severity', text, oneOf('severity', 'info', 'warning', 'critical'))
    .addColumn('dedup_key', text, required)
    .addColumn('subject', text, required)
    .addColumn('evidence_json', json)
    .addColumn('evidence_salt', bytes)
    .addColumn('evidence_commitment', bytes, hash32('evidence_commitment'))
    .addColumn('audit_sequence', count, unique)
    .addUniqueConstraint('security_events_told_once', ['type', 'dedup_key'])
    .addCheckConstraint(
      'security_events_evidence_erased_whole',
      sql`(evidence_json is null) = (evidence_salt is null)`,
    )
    .modifyEnd(strict)
    .execute();
  await indexBySequence(db, 'security_events', 'type');
  await indexBySequence(db, 'security_events', 'severity');
}

/** Beside the steps stands what they say, so that what waits is found by an index, however much was reported. */
async function createReports(
  db: Kysely<unknown>,
  { bytes, count, flag, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('reports')
    .addColumn('sequence', count, primary)
    .addColumn('number', text, unique)
    .addColumn('scope_id', text, required)
    .addColumn('received_at', seconds, required)
    .addColumn('digest', bytes)
    .addColumn('suspicion_json', json)
    .addColumn('suspicion_salt', bytes)
    .addColumn('suspicion_commitment', bytes, required)
    .addColumn('audit_sequence', count, unique)
    .addColumn('state', text, (column) =>
      oneOf('state', 'open', 'investigating', 'closed')(column.defaultTo('open')),
    )
    .addColumn('examined', flag, (column) => column.notNull().defaultTo(0))
    .addColumn('closed_at', seconds)
    .modifyEnd(strict)
    .execute();
  await db.schema.createIndex('reports_digest').on('reports').column('digest').execute();
  await indexBySequence(db, 'reports', 'state');
  await indexBySequence(db, 'reports', 'examined');
  await indexBySequence(db, 'reports', 'scope_id');
  await db.schema
    .createIndex('reports_erasable')
    .on('reports')
    .column('closed_at')
    .where(sql.ref('suspicion_json'), 'is not', null)
    .execute();
}

/** An event is acknowledged once and resolved once. */
async function createCaseLog(
  db: Kysely<unknown>,
  { count, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('case_log')
    .addColumn('sequence', count, primary)
    .addColumn('case_kind', text, oneOf('case_kind', 'security_event', 'report'))
    .addColumn('case_id', text, required)
    .addColumn(
      'step',
      text,
      oneOf('step', 'acknowledged', 'resolved', 'examined', 'taken', 'noted', 'closed'),
    )
    .addColumn('taken_by', text, required)
    .addColumn('taken_at', seconds, required)
    .addColumn('outcome', text)
    .addColumn('note', text)
    .addColumn('findings_json', json)
    .addColumn('audit_sequence', count, unique)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createIndex('case_log_case')
    .on('case_log')
    .columns(['case_kind', 'case_id', 'step'])
    .execute();
  await db.schema
    .createIndex('case_log_event_once')
    .on('case_log')
    .columns(['case_id', 'step'])
    .unique()
    .where(sql.ref('case_kind'), '=', sql.lit('security_event'))
    .execute();
}

async function createNotifications(
  db: Kysely<unknown>,
  { assigned, count, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('notification_deliveries')
    .addColumn('id', count, assigned)
    .addColumn('message_id', text, unique)
    .addColumn('kind', text, oneOf('kind', 'event', 'escalation', 'summary'))
    .addColumn('event_sequence', count, required)
    .addColumn('last_sequence', count, required)
    .addColumn('events', count, required)
    .addColumn('severity', text, required)
    .addColumn('route', text, required)
    .addColumn('target', text, required)
    .addColumn('contacts_of', text, required)
    .addColumn('state', text, oneOf('state', 'pending', 'delivered', 'dead'))
    .addColumn('attempts', count, required)
    .addColumn('created_at', seconds, required)
    .addColumn('next_attempt_at', seconds)
    .addColumn('settled_at', seconds)
    .addColumn('last_error', text)
    .addColumn('types_json', json, (column) => column.notNull().defaultTo('[]'))
    .addUniqueConstraint('notification_deliveries_once', [
      'event_sequence',
      'kind',
      'route',
      'target',
      'contacts_of',
    ])
    .modifyEnd(strict)
    .execute();
  const indexes = {
    due: ['target', 'state', 'next_attempt_at'],
    by_state: ['state', 'target', 'settled_at'],
    by_time: ['target', 'contacts_of', 'created_at'],
  };
  for (const [name, columns] of Object.entries(indexes)) {
    await db.schema
      .createIndex(`notification_deliveries_${name}`)
      .on('notification_deliveries')
      .columns(columns)
      .execute();
  }
  await db.schema
    .createTable('notification_awaited')
    .addColumn('event_sequence', count, primary)
    .addColumn('route', text, required)
    .addColumn('due_at', seconds, required)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createIndex('notification_awaited_by_time')
    .on('notification_awaited')
    .column('due_at')
    .execute();
  await db.schema
    .createTable('notification_place')
    .addColumn('id', count, onlyRow)
    .addColumn('place', count, required)
    .modifyEnd(strict)
    .execute();
}

/** Neither decides nor testifies. */
async function createNotes(
  db: Kysely<unknown>,
  { count, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('detection_memory')
    .addColumn('detection', text, required)
    .addColumn('name', text, required)
    .addColumn('memory_json', json, required)
    .addColumn('kept_at', seconds, required)
    .addPrimaryKeyConstraint('detection_memory_key', ['detection', 'name'])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable('readiness')
    .addColumn('id', count, onlyRow)
    .addColumn('checked_at', seconds, required)
    .modifyEnd(strict)
    .execute();
}

async function indexBySequence(db: Kysely<unknown>, table: string, column: string): Promise<void> {
  await db.schema.createIndex(`${table}_by_${column}`).on(table).columns([column, 'sequence']).execute();
}
