import type { Config } from '../config.ts';
import { listedButMissing } from '../db/archive-table.ts';
import { isMade } from '../db/database-settings.ts';
import { openReader } from '../db/open-engine.ts';
import { type Finding, fail, ok } from '../lib/finding.ts';

const CHECK = 'archive';
const MOST_NAMED = 3;

/** Whether the segments that the database lists are in this host's folder. Nothing where the database cannot be read. */
export async function checkArchive({ database, ledger }: Config): Promise<readonly Finding[]> {
  if (!isMade(database)) return [];
  try {
    const reader = await openReader(database);
    try {
      return [
        judge(await reader.read((trx) => listedButMissing(trx, ledger.archive_dir)), ledger.archive_dir),
      ];
    } finally {
      await reader.close();
    }
  } catch {
    return [];
  }
}

function judge(missing: readonly string[], folder: string): Finding {
  if (missing.length === 0) return ok(CHECK, `${folder} has each segment that the database lists`);
  const named = `${missing.slice(0, MOST_NAMED).join(', ')}${missing.length > MOST_NAMED ? ' and others' : ''}`;
  return fail(
    CHECK,
    `${folder} lacks ${named}`,
    'let all fronts share that folder, or bring the files back: docs/runbooks/several-fronts.md#ledgerarchive_missing',
  );
}
