import type { Config } from '../config.ts';
import { isMade } from '../db/database-settings.ts';
import { openReader } from '../db/open-engine.ts';
import { DRILL_ISSUER } from '../kernel/issuance.ts';
import { type Finding, ok, warn } from '../lib/finding.ts';
import { errorMessage } from '../lib/text.ts';

const CHECK = 'probing';

/** Whether verifiers that are probed are sent a token of another scope too; nothing where none is probed. */
export async function checkProbes({ database }: Pick<Config, 'database'>): Promise<readonly Finding[]> {
  if (!isMade(database)) return [];
  const reader = await openReader(database);
  try {
    const probes = await reader.read((trx) => trx.selectFrom('verifier_probes').select('scope_id').execute());
    if (probes.length === 0) return [];
    const drills = await reader.read((trx) =>
      trx.selectFrom('scopes').select('id').where('issuer', '=', DRILL_ISSUER).execute(),
    );
    if (drills.length === 0) return [INCOMPLETE];
    return [ok(CHECK, `verifiers: ${probes.length}; a drill scope has the token of another scope for them`)];
  } catch (error) {
    const why = errorMessage(error);
    return [
      warn(
        CHECK,
        `who is probed cannot be read: ${why}`,
        'start the service, which brings its database up to date',
      ),
    ];
  } finally {
    await reader.close();
  }
}

const INCOMPLETE = warn(
  CHECK,
  'without a drill scope no verifier is sent a token of another scope: merged key sets are not found',
  `keyward scope create drill --issuer ${DRILL_ISSUER} --audience ${DRILL_ISSUER}`,
);
