import { type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';
import { hash32, primary, required, unique } from '../constraints.ts';

/** What testifies: the audit trail, the issuance ledger, the revocations. */
export async function createRecords(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createRuns(db, types);
  await createAuditTrail(db, types);
  await createIssuanceRecords(db, types);
  await createLedgerGroups(db, types);
  await createLedgerArchives(db, types);
  await createRevocations(db, types);
}

async function createRuns(db: Kysely<unknown>, { seconds, strict, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('id', text, primary)
    .addColumn('public_key', text, required)
    .addColumn('started_at', seconds, required)
    .addColumn('certificate', text)
    .modifyEnd(strict)
    .execute();
}

async function createAuditTrail(
  db: Kysely<unknown>,
  { bytes, count, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('audit_events')
    .addColumn('sequence', count, primary)
    .addColumn('time', seconds, required)
    .addColumn('type', text, required)
    .addColumn('actor', text, required)
    .addColumn('subject', text, required)
    .addColumn('request_id', text)
    .addColumn('trace_id', text)
    .addColumn('details_json', json, required)
    .addColumn('hash', bytes, (column) => hash32('hash')(column.unique()))
    .addColumn('run_id', text)
    .addColumn('seal', bytes)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createIndex('audit_events_subject')
    .on('audit_events')
    .columns(['subject', 'type'])
    .execute();
  await db.schema
    .createTable('checkpoints')
    .addColumn('number', count, primary)
    .addColumn('audit_sequence', count, required)
    .addColumn('created_at', seconds, required)
    .addColumn('jws', text, required)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable('audit_deliveries')
    .addColumn('sink', text, required)
    .addColumn('host', text, required)
    .addColumn('audit_sequence', count, required)
    .addColumn('checkpoint_number', count, required)
    .addPrimaryKeyConstraint('audit_deliveries_key', ['sink', 'host'])
    .modifyEnd(strict)
    .execute();
}

/**
 * `sequence` is given by the writer and never again, also when older rows are gone to an archive. A caller's own
 * `jti` is unique within its scope. Those that Keyward writes have 22 characters and are not in that index: 128
 * random bits are as unique, and each entry of random values costs a token much of what its row does.
 */
async function createIssuanceRecords(
  db: Kysely<unknown>,
  { bytes, count, recordSlot, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('issuance_records')
    .addColumn('sequence', count, primary)
    .addColumn('digest', bytes, hash32('digest'))
    .addColumn('scope_id', text, required)
    .addColumn('kid', text, required)
    .addColumn('jti', text, required)
    .addColumn('client_id', text, required)
    .addColumn('subject', text)
    .addColumn('root', text)
    .addColumn('trace_id', bytes)
    .addColumn('iat', seconds, required)
    .addColumn('exp', seconds, required)
    .addColumn('salt', bytes)
    .addColumn('subject_commitment', bytes)
    .addColumn('root_commitment', bytes)
    .addColumn('group_sequence', count, required)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createIndex('issuance_records_slot')
    .unique()
    .on('issuance_records')
    .expression(recordSlot)
    .column('digest')
    .execute();
  await db.schema
    .createIndex('issuance_records_callers_jti')
    .unique()
    .on('issuance_records')
    .columns(['scope_id', 'jti'])
    .where(sql`length(jti)`, '>', sql.lit(22))
    .execute();
}

/** With the hashes that a group's hash is made of, so that one row is checked without reading its neighbours. */
async function createLedgerGroups(
  db: Kysely<unknown>,
  { bytes, count, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('ledger_groups')
    .addColumn('sequence', count, primary)
    .addColumn('first_record', count, required)
    .addColumn('row_count', count, required)
    .addColumn('committed_at', seconds, required)
    .addColumn('previous_hash', bytes, required)
    .addColumn('group_hash', bytes, required)
    .addColumn('run_id', text)
    .addColumn('seal', bytes)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable('ledger_row_hashes')
    .addColumn('group_sequence', count, primary)
    .addColumn('hashes', bytes, required)
    .modifyEnd(strict)
    .execute();
}

async function createLedgerArchives(
  db: Kysely<unknown>,
  { bytes, count, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('ledger_archives')
    .addColumn('number', count, primary)
    .addColumn('file', text, required)
    .addColumn('file_digest', bytes, hash32('file_digest'))
    .addColumn('first_group', count, required)
    .addColumn('last_group', count, required)
    .addColumn('first_record', count, required)
    .addColumn('last_record', count, required)
    .addColumn('last_exp', seconds, required)
    .addColumn('kids_json', json, required)
    .addColumn('sealed_at', seconds, required)
    .addColumn('removed_at', seconds)
    .modifyEnd(strict)
    .execute();
}

async function createRevocations(
  db: Kysely<unknown>,
  { bytes, count, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('revocations')
    .addColumn('sequence', count, primary)
    .addColumn('created_at', seconds, required)
    .addColumn('scope_id', text)
    .addColumn('jti', text)
    .addColumn('root', text)
    .addColumn('root_salt', bytes)
    .addColumn('root_commitment', bytes, hash32('root_commitment'))
    .addColumn('client_id', text)
    .addColumn('issued_from', seconds)
    .addColumn('issued_until', seconds)
    .addColumn('lapses_at', seconds)
    .addColumn('revoked_by', text, required)
    .addColumn('reason', text, required)
    .addColumn('instead_of', count)
    .addColumn('audit_sequence', count, unique)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createIndex('revocations_instead_of')
    .on('revocations')
    .column('instead_of')
    .where('instead_of', 'is not', null)
    .execute();
  await db.schema.createIndex('revocations_lapse').on('revocations').column('lapses_at').execute();
}
