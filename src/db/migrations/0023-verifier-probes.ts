import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Where relying services let themselves be probed. */
export const verifierProbes: Migration = {
  async up(db) {
    await db.schema
      .createTable('verifier_probes')
      .addColumn('client_id', 'text', (column) => column.notNull().references('clients.id'))
      .addColumn('scope_id', 'text', (column) => column.notNull().references('scopes.id'))
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('set_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('verifier_probes_place', ['client_id', 'scope_id'])
      .modifyEnd(sql`strict`)
      .execute();
  },
};
