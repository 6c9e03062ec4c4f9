import type { Migration } from 'kysely/migration';

/** Null for none, so that the rows signed before it stand as they were signed. */
export const formerCaches: Migration = {
  async up(db) {
    await db.schema.alterTable('scopes').addColumn('former_caches_seconds', 'integer').execute();
    await db.schema.alterTable('scopes').addColumn('former_caches_until', 'integer').execute();
  },
};
