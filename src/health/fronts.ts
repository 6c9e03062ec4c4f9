import { type DatabaseSettings, isFile } from '../db/database-settings.ts';
import type { SharedStanding } from '../db/engine.ts';
import type { Leadership } from '../kernel/registry.ts';
import { packageVersion } from '../lib/version.ts';
import type { Gauges } from '../metrics/gauges.ts';

interface Front extends Pick<Leadership, 'leads'> {
  readonly seen: SharedStanding | undefined;
}

/** What this front is, and how it stands among those that share its database. */
export function frontGauges(front: Front, database: DatabaseSettings): Gauges {
  const isReplicated = !isFile(database) && database.durability === 'replicated';
  const version = packageVersion();
  return {
    build: () => ({ [version]: 1 }),
    leader: () => (front.leads() ? 1 : 0),
    fronts: () => front.seen?.fronts ?? {},
    databaseStandbysInSync: () => front.seen?.standbysInSync ?? {},
    databaseStandbysRequired: () => (isReplicated ? database.copies : {}),
  };
}
