import type { Migration } from 'kysely/migration';

/** The seal of the run that committed a group. */
export const ledgerSeals: Migration = {
  async up(db) {
    await db.schema.alterTable('ledger_groups').addColumn('run_id', 'text').execute();
    await db.schema.alterTable('ledger_groups').addColumn('seal', 'blob').execute();
  },
};
