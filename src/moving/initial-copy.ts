import { loadConfig } from '../config.ts';
import type { TableSum } from '../db/copy/copy-table.ts';
import { copyDialect, openReader } from '../db/open-engine.ts';
import { refuseForeignStore } from '../db/refuse-foreign.ts';
import { createRunKey } from '../kernel/audit-chain.ts';
import { systemClock } from '../kernel/clock.ts';
import { copyInitially } from './copy-across.ts';
import type { MoveRequest } from './move.ts';
import { ownAlone, placeOf, refuseUnfit } from './refusals.ts';
import { refuseFilled, targetEnd } from './target-end.ts';

interface InitialCopyMade {
  readonly from: string;
  readonly to: string;
  readonly tables: readonly TableSum[];
}

/**
 * `keyward migrate-store --initial-copy`: fills the target with what the database holds at this moment, beside the
 * running service and without the HSM. Repeated, it copies what changed since. The target is marked as incomplete, and
 * refuses to start, until `moveStore` has finished it. Fails as `moveStore`; what was copied by then stays.
 */
export async function makeInitialCopy({ configFile, target, onStep }: MoveRequest): Promise<InitialCopyMade> {
  const config = loadConfig(configFile);
  const { database } = config;
  refuseUnfit(database, target);
  for (const each of [database, target])
    refuseForeignStore(each, config.ledger.archive_dir, 'migrate-store …');
  const owner = await ownAlone(target);
  try {
    const found = await targetEnd(target);
    refuseFilled(target, found);
    const reader = await openReader(database);
    try {
      const source = { reader, dialect: await copyDialect(database) };
      const run = createRunKey(systemClock.nowSeconds());
      const before = found.initialCopy;
      const tables = await copyInitially({ config, source, target, owner, before, run, onStep });
      return { from: placeOf(database), to: placeOf(target), tables };
    } finally {
      await reader.close();
    }
  } finally {
    await owner.release();
  }
}
