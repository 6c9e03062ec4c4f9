import type { Migration } from 'kysely/migration';

/** Null for none, so that the rows signed before it stand as they were signed. */
export const scopeContacts: Migration = {
  async up(db) {
    await db.schema.alterTable('scopes').addColumn('contacts_json', 'text').execute();
  },
};
