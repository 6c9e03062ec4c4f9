import { type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';
import { hash32, idOf, oneOf, primary, required } from '../constraints.ts';

/** Clients and operators, what two of them decided, and what the service watches for. */
export async function createAccess(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createClients(db, types);
  await createOperators(db, types);
  await createCredentials(db, types);
  await createProposals(db, types);
  await createRecordGaps(db, types);
  await createCanaries(db, types);
  await createVerifierProbes(db, types);
}

async function createClients(db: Kysely<unknown>, { seconds, strict, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('clients')
    .addColumn('id', text, primary)
    .addColumn('description', text, required)
    .addColumn('created_at', seconds, required)
    .addColumn('revoked_at', seconds)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable('grants')
    .addColumn('client_id', text, idOf('clients'))
    .addColumn('scope_id', text, idOf('scopes'))
    .addColumn('action', text, oneOf('action', 'sign', 'verify', 'revoke'))
    .addPrimaryKeyConstraint('grants_primary', ['client_id', 'scope_id', 'action'])
    .modifyEnd(strict)
    .execute();
}

async function createOperators(
  db: Kysely<unknown>,
  { json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('operators')
    .addColumn('id', text, primary)
    .addColumn('roles_json', json, required)
    .addColumn('created_at', seconds, required)
    .addColumn('revoked_at', seconds)
    .modifyEnd(strict)
    .execute();
}

async function createCredentials(
  db: Kysely<unknown>,
  { bytes, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('credentials')
    .addColumn('digest', bytes, (column) => hash32('digest')(column.primaryKey()))
    .addColumn('kind', text, required)
    .addColumn('client_id', text, (column) => column.references('clients.id'))
    .addColumn('operator_id', text, (column) => column.references('operators.id'))
    .addColumn('created_at', seconds, required)
    .addColumn('revoked_at', seconds)
    .addCheckConstraint(
      'credentials_one_holder',
      sql`(kind = 'svc' and client_id is not null and operator_id is null)
        or (kind = 'ops' and operator_id is not null and client_id is null)`,
    )
    .modifyEnd(strict)
    .execute();
}

const PROPOSAL_STATES = ['open', 'executing', 'executed', 'refused', 'withdrawn', 'expired', 'failed'];

async function createProposals(
  db: Kysely<unknown>,
  { json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('proposals')
    .addColumn('id', text, primary)
    .addColumn('act', text, required)
    .addColumn('subject', text, required)
    .addColumn('parameters_json', json, required)
    .addColumn('before_json', json)
    .addColumn('after_json', json)
    .addColumn('proposed_by', text, required)
    .addColumn('proposed_at', seconds, required)
    .addColumn('expires_at', seconds, required)
    .addColumn('state', text, oneOf('state', ...PROPOSAL_STATES))
    .addColumn('decided_by', text)
    .addColumn('decided_at', seconds)
    .addColumn('failure_code', text)
    .addColumn('failure_detail', text)
    .addCheckConstraint(
      'proposals_by_two',
      sql`decided_by is null or state <> 'executed' or decided_by <> proposed_by`,
    )
    .modifyEnd(strict)
    .execute();
}

async function createRecordGaps(
  db: Kysely<unknown>,
  { count, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('record_gaps')
    .addColumn('id', count, primary)
    .addColumn('reason', text, required)
    .addColumn('issued_from', seconds, required)
    .addColumn('issued_until', seconds, required)
    .addColumn('first_event', count, required)
    .addColumn('last_event', count, required)
    .addColumn('first_checkpoint', count, required)
    .addColumn('last_checkpoint', count, required)
    .addColumn('kept_ledger', count, required)
    .addColumn('kept_registry', count, required)
    .addColumn('settled_at', seconds)
    .modifyEnd(strict)
    .execute();
}

async function createCanaries(
  db: Kysely<unknown>,
  { bytes, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('canaries')
    .addColumn('id', text, primary)
    .addColumn('kind', text, oneOf('kind', 'credential', 'token', 'key'))
    .addColumn('planted', text, required)
    .addColumn('digest', bytes, (column) => column.unique())
    .addColumn('scope_id', text)
    .addColumn('hsm_token', text)
    .addColumn('hsm_id', text, (column) => column.unique())
    .addColumn('kid', text)
    .addColumn('public_jwk_json', json)
    .addColumn('created_by', text, required)
    .addColumn('created_at', seconds, required)
    .addColumn('retired_at', seconds)
    .modifyEnd(strict)
    .execute();
}

async function createVerifierProbes(
  db: Kysely<unknown>,
  { seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('verifier_probes')
    .addColumn('client_id', text, idOf('clients'))
    .addColumn('scope_id', text, idOf('scopes'))
    .addColumn('url', text, required)
    .addColumn('set_at', seconds, required)
    .addPrimaryKeyConstraint('verifier_probes_place', ['client_id', 'scope_id'])
    .modifyEnd(strict)
    .execute();
}
