import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const revocationsAndSecurityEvents: Migration = {
  async up(db) {
    await createRevocations(db);
    await createSecurityEvents(db);
  },
};

async function createRevocations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('revocations')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('scope_id', 'text')
    .addColumn('jti', 'text')
    .addColumn('root', 'text')
    .addColumn('root_salt', 'blob')
    .addColumn('root_commitment', 'blob', (column) =>
      column.notNull().check(sql`length(root_commitment) = 32`),
    )
    .addColumn('client_id', 'text')
    .addColumn('issued_from', 'integer')
    .addColumn('issued_until', 'integer')
    .addColumn('lapses_at', 'integer')
    .addColumn('revoked_by', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('hash', 'blob', (column) => column.notNull().unique().check(sql`length(hash) = 32`))
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema.createIndex('revocations_lapse').on('revocations').column('lapses_at').execute();
}

/** Salt and evidence go together when they are erased; the audit trail keeps the commitment. */
async function createSecurityEvents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('security_events')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('raised_at', 'integer', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('severity', 'text', (column) =>
      column.notNull().check(sql`severity in ('info', 'warning', 'critical')`),
    )
    .addColumn('dedup_key', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('evidence_json', 'text')
    .addColumn('evidence_salt', 'blob')
    .addColumn('evidence_commitment', 'blob', (column) =>
      column.notNull().check(sql`length(evidence_commitment) = 32`),
    )
    .addColumn('audit_sequence', 'integer', (column) => column.notNull().unique())
    .addUniqueConstraint('security_events_told_once', ['type', 'dedup_key'])
    .addCheckConstraint(
      'security_events_evidence_erased_whole',
      sql`(evidence_json is null) = (evidence_salt is null)`,
    )
    .modifyEnd(sql`strict`)
    .execute();
}
