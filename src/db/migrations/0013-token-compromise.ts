import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Beside each key of an HSM token that was declared compromised; null says nothing, as in the rows signed before. */
export const tokenCompromise: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('signing_keys').addColumn('token_compromised_at', 'integer').execute();
  },
};
