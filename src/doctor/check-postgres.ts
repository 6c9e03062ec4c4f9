import type { PostgresSettings } from '../db/database-settings.ts';
import { KeywardError, operatorText } from '../kernel/errors.ts';
import { type Finding, fail, ok, warn } from '../lib/finding.ts';
import { errorMessage } from '../lib/text.ts';

const CHECK = 'database';

/** Connects as the service does, and holds what the server promises against the settings. */
export async function checkPostgres(database: PostgresSettings): Promise<readonly Finding[]> {
  const { askStanding, flawOf } = await import('../db/postgres/open-postgres.ts');
  try {
    const standing = await askStanding(database);
    const flaw = flawOf(standing, database);
    const version = `PostgreSQL ${standing.version}`;
    if (flaw !== undefined) return [fail(CHECK, `${version}: ${flaw}`, 'docs/postgresql.md')];
    if (database.durability === 'single') {
      return [
        warn(
          CHECK,
          `${version}, on one node: a promotion may lose records of tokens in use`,
          'add a synchronous standby, and set database.durability: replicated',
        ),
      ];
    }
    return [ok(CHECK, `${version}, ${standing.inSync} standbys in sync, ${database.copies} asked for`)];
  } catch (error) {
    const why = error instanceof KeywardError ? operatorText(error) : errorMessage(error);
    return [fail(CHECK, `PostgreSQL: ${why}`, 'see database.url_file, and the log of the server')];
  }
}
