import { type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';
import { idOf, oneOf, onlyRow, primary, required, unique } from '../constraints.ts';

/** Scopes and keys, and the signatures over every row of the registry. */
export async function createKeys(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createScopes(db, types);
  await createSigningKeys(db, types);
  await createServiceKeys(db, types);
  await createSignatures(db, types);
}

async function createScopes(
  db: Kysely<unknown>,
  { count, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('scopes')
    .addColumn('id', text, primary)
    .addColumn('state', text, oneOf('state', 'reserved', 'ready'))
    .addColumn('issuer', text, required)
    .addColumn('audience', text, required)
    .addColumn('algorithm', text, required)
    .addColumn('modulus_bits', count)
    .addColumn('policy_json', json, required)
    .addColumn('key_set_version', count, required)
    .addColumn('created_at', seconds, required)
    .addColumn('contacts_json', json)
    .addColumn('rotation_paused_until', seconds)
    .addColumn('rotation_pause_reason', text)
    .addColumn('hsm_token', text)
    .addColumn('standby_token', text)
    .addColumn('former_caches_seconds', seconds)
    .addColumn('former_caches_until', seconds)
    .addUniqueConstraint('scopes_issuer_audience', ['issuer', 'audience'])
    .modifyEnd(strict)
    .execute();
}

const KEY_STATES = ['pre_activation', 'active', 'deactivated', 'suspended', 'compromised', 'destroyed'];

async function createSigningKeys(
  db: Kysely<unknown>,
  { flag, json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('signing_keys')
    .addColumn('hsm_id', text, primary)
    .addColumn('scope_id', text, idOf('scopes'))
    .addColumn('state', text, oneOf('state', 'reserved', ...KEY_STATES))
    .addColumn('kid', text, (column) => column.unique())
    .addColumn('binding_issuer', text)
    .addColumn('binding_audience', text)
    .addColumn('binding_algorithm', text)
    .addColumn('binding_sign_from', seconds)
    .addColumn('binding_sign_until', seconds)
    .addColumn('binding_max_ttl_seconds', seconds)
    .addColumn('binding_record', text)
    .addColumn('public_jwk_json', json)
    .addColumn('published_at', seconds)
    .addColumn('sign_from', seconds)
    .addColumn('sign_until', seconds)
    .addColumn('created_at', seconds, required)
    .addColumn('activated_at', seconds)
    .addColumn('deactivated_at', seconds)
    .addColumn('suspended_at', seconds)
    .addColumn('resumed_at', seconds)
    .addColumn('compromised_at', seconds)
    .addColumn('private_half_destroyed_at', seconds)
    .addColumn('destroyed_at', seconds)
    .addColumn('kept_for_forensics', flag, (column) => column.check(sql`kept_for_forensics = 1`))
    .addColumn('hsm_token', text)
    .addColumn('token_compromised_at', seconds)
    .addCheckConstraint(
      'signing_keys_complete',
      sql`state = 'reserved' or (
        kid is not null and binding_issuer is not null and binding_audience is not null
        and binding_algorithm is not null and binding_sign_from is not null and binding_sign_until is not null
        and binding_max_ttl_seconds is not null and binding_record is not null
        and public_jwk_json is not null and published_at is not null and sign_until is not null)`,
    )
    .modifyEnd(strict)
    .execute();
  await db.schema.createIndex('signing_keys_scope').on('signing_keys').column('scope_id').execute();
  await db.schema
    .createIndex('signing_keys_one_active')
    .unique()
    .on('signing_keys')
    .column('scope_id')
    .where(sql.ref('state'), '=', sql.lit('active'))
    .execute();
}

async function createServiceKeys(
  db: Kysely<unknown>,
  { json, seconds, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('service_keys')
    .addColumn('role', text, (column) =>
      primary(column).check(sql`role in ('registry', 'audit') or role like 'binding:%'`),
    )
    .addColumn('kid', text, unique)
    .addColumn('hsm_id', text, unique)
    .addColumn('public_jwk_json', json, required)
    .addColumn('created_at', seconds, required)
    .modifyEnd(strict)
    .execute();
}

/** Each row's content as it was signed, with what restricts it since; the lists of rows; the head over the lists. */
async function createSignatures(
  db: Kysely<unknown>,
  { count, json, strict, text }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('registry_rows')
    .addColumn('table_name', text, required)
    .addColumn('row_id', text, required)
    .addColumn('content', json, required)
    .addColumn('signature', text, required)
    .addColumn('pending', json)
    .addPrimaryKeyConstraint('registry_rows_primary', ['table_name', 'row_id'])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createIndex('registry_rows_pending')
    .on('registry_rows')
    .columns(['table_name', 'row_id'])
    .where(sql.ref('pending'), 'is not', null)
    .execute();
  await db.schema
    .createTable('registry_buckets')
    .addColumn('bucket', count, primary)
    .addColumn('rows_json', json, required)
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable('registry_head')
    .addColumn('id', count, onlyRow)
    .addColumn('version', count, required)
    .addColumn('signature', text, required)
    .modifyEnd(strict)
    .execute();
}
