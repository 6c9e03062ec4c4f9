import type { PostgresSettings } from '../db/database-settings.ts';
import { inspectPostgres } from '../db/open-engine.ts';
import { whyOf } from '../kernel/errors.ts';
import { type Finding, fail, ok, warn } from '../lib/finding.ts';

const CHECK = 'database';

/** Connects as the service does, and holds what the server promises against the settings. */
export async function checkPostgres(database: PostgresSettings): Promise<readonly Finding[]> {
  try {
    const { facts, unmet } = await inspectPostgres(database);
    const { product, inSync } = facts;
    if (unmet.length > 0) return unmet.map((why) => fail(CHECK, why, 'docs/postgresql.md#set-up'));
    const server = product.replace(/ on .*/, '');
    if (database.durability === 'replicated')
      return [ok(CHECK, `${server}; ${inSync} standbys in sync, ${database.copies} asked for`)];
    return [
      warn(
        CHECK,
        `${server}, on one node: a promotion may lose records of tokens in use`,
        'add a synchronous standby, and set database.durability: replicated',
      ),
    ];
  } catch (error) {
    return [fail(CHECK, `PostgreSQL: ${whyOf(error)}`, 'see database.url_file, and the log of the server')];
  }
}
