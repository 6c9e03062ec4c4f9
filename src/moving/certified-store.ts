import { openTrail } from '../audit/index.ts';
import { certifyRun } from '../audit/repair-runs.ts';
import { recordUnwitnessed, walkTrail } from '../audit/start-trail.ts';
import { commandFailure } from '../cli/failure.ts';
import type { Config } from '../config.ts';
import type { DatabaseSettings } from '../db/database-settings.ts';
import type { DatabaseOwner } from '../db/engine.ts';
import { openStore, type Store } from '../db/open-store.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import type { LazySigner } from '../hsm/tokens.ts';
import type { RunKey } from '../kernel/audit-chain.ts';
import { systemClock } from '../kernel/clock.ts';
import { placeOf } from './refusals.ts';

interface CertifiedStoreOptions {
  readonly config: Config;
  readonly database: DatabaseSettings;
  readonly owner: DatabaseOwner;
  /** As `openStore` takes it. */
  readonly formerOwner?: string;
  readonly signer: Pick<LazySigner, 'sign'>;
  /** Default: one of its own. */
  readonly run?: RunKey;
}

/** Lends a store whose run the audit key has certified: what it appends counts like what a service appends. */
export async function withCertifiedStore<T>(
  { config, database, owner, signer, ...more }: CertifiedStoreOptions,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore({
    database,
    owner,
    ...more,
    mayBeMoved: true,
    archiveDir: config.ledger.archive_dir,
    queueLimit: config.limits.queued_records,
    clock: systemClock,
    onEvent: () => {},
  });
  try {
    const row = await store.registry.serviceKey('audit');
    if (!row)
      throw commandFailure('no_database', `${placeOf(database)} has no service keys: run keyward init`);
    const auditKey = openAuditKey(config, row, signer);
    const trail = openTrail(store, systemClock);
    // What is appended here would stand for all events before it.
    await recordUnwitnessed(trail, await walkTrail({ ...trail, store }, [], auditKey));
    await certifyRun({ runs: trail.runs, auditKey, clock: systemClock });
    return await work(store);
  } finally {
    await store.close();
  }
}
