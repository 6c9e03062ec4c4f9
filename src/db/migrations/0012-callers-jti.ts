import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * A caller's own `jti` is unique within its scope. Those that Keyward writes have 22 characters, and are not in the
 * index: 128 random bits are as unique, and each entry of random values costs a token much of what its row does.
 */
export const callersJti: Migration = {
  async up(db) {
    await sql`CREATE UNIQUE INDEX issuance_records_callers_jti ON issuance_records (scope_id, jti)
      WHERE length(jti) > 22`.execute(db);
  },
};
