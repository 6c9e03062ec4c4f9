import type { Migration } from 'kysely/migration';

/** Null for none, so that the rows signed before it stand as they were signed. */
export const rotationPause: Migration = {
  async up(db) {
    await db.schema.alterTable('scopes').addColumn('rotation_paused_until', 'integer').execute();
    await db.schema.alterTable('scopes').addColumn('rotation_pause_reason', 'text').execute();
  },
};
