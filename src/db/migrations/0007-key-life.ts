import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const TIMES = [
  'activated_at',
  'deactivated_at',
  'suspended_at',
  'resumed_at',
  'compromised_at',
  'private_half_destroyed_at',
  'destroyed_at',
] as const;

/** When each step of a key's life was taken; null says nothing, so that rows signed before stay as they were signed. */
export const keyLife: Migration = {
  async up(db: Kysely<unknown>) {
    for (const time of TIMES) {
      await db.schema.alterTable('signing_keys').addColumn(time, 'integer').execute();
    }
    await db.schema
      .alterTable('signing_keys')
      .addColumn('kept_for_forensics', 'integer', (column) => column.check(sql`kept_for_forensics = 1`))
      .execute();
  },
};
