import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** On which HSM token a key is, and where a scope's next ones are made: null for the first. */
export const hsmTokens: Migration = {
  async up(db) {
    for (const table of ['scopes', 'signing_keys'] as const) {
      await db.schema.alterTable(table).addColumn('hsm_token', 'text').execute();
    }
    await createServiceKeys(db);
    await sql`insert into service_keys_of_tokens select * from service_keys`.execute(db);
    await db.schema.dropTable('service_keys').execute();
    await db.schema.alterTable('service_keys_of_tokens').renameTo('service_keys').execute();
  },
};

/** As it was, with a binding key for each further token. */
async function createServiceKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('service_keys_of_tokens')
    .addColumn('role', 'text', (column) =>
      column.primaryKey().notNull().check(sql`role in ('registry', 'audit') or role like 'binding:%'`),
    )
    .addColumn('kid', 'text', (column) => column.notNull().unique())
    .addColumn('hsm_id', 'text', (column) => column.notNull().unique())
    .addColumn('public_jwk_json', 'text', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}
