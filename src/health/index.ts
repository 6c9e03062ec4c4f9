import type { Logger } from 'pino';
import type { Chains } from '../audit/open-chains.ts';
import type { Config } from '../config.ts';
import { isFile } from '../db/database-settings.ts';
import { LOOK_EVERY_MS } from '../db/follower.ts';
import type { Store } from '../db/open-store.ts';
import type { OutageWatch } from '../events/outages.ts';
import { signingOf } from '../hsm/signers.ts';
import type { Task } from '../kernel/capability.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { signingScopes } from '../kernel/key.ts';
import { type Leadership, whileLeading } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import { createRegistryWatch } from '../keys/open-registry.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { createOutdatedVerifierWatch, type OutdatedVerifierDeps } from '../publication/outdated-verifiers.ts';
import { supplied } from '../server/route.ts';
import type { SignerLink } from '../signer/signer-link.ts';
import { type ActiveKeyWatchDeps, createActiveKeyWatch } from './active-keys.ts';
import { createDescriptorWatch } from './descriptors.ts';
import { createDiskAlarm, type DiskWatch, watchDisks } from './disk.ts';
import { createReadiness, type ReadinessDeps } from './readiness.ts';
import { healthRoutes } from './routes.ts';
import { createSchemaWatch, type SchemaWatchDeps } from './schema.ts';

export { frontGauges } from './fronts.ts';
export { failedCheck } from './readiness.ts';
export { healthRoutes } from './routes.ts';
export { createStoreEventHandler as storeEventTeller } from './store-events.ts';

export const HEALTH_ROUTES = { data: healthRoutes, operations: healthRoutes } as const;

interface HealthDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'probe' | 'probeLookups' | 'follower'>;
  readonly links: ReadonlyMap<string, SignerLink>;
  readonly keyRing: Parameters<typeof signingScopes>[0];
  readonly registryKey: ReadinessDeps['registryKey'];
  readonly timeGuard: TimeGuard;
  readonly clock: Clock;
  readonly log: Logger;
}

/** From here on memory is what all fronts made it. */
async function follow(follower: Store['follower'], log: Logger) {
  if (!follower.isShared) return undefined;
  await follower.look();
  return startPeriodicTask({
    tick: async () => void (await follower.look()),
    everyMs: LOOK_EVERY_MS,
    log,
    failure: 'what other fronts changed is not known; it is asked for again',
    recovery: 'other fronts are followed again',
  });
}

/** Whether tokens can be had now. */
export async function openHealth(deps: HealthDeps) {
  const { config, store, links, keyRing, registryKey, timeGuard, clock, log } = deps;
  const readiness = createReadiness({
    clock,
    registryKey,
    furtherTokens: () => signingOf(links),
    scopes: () => signingScopes(keyRing),
    timeGuard,
    probeStore: () => store.probe(),
    async probeLookups() {
      store.follower.requireFresh();
      await store.probeLookups();
    },
  });
  const disks = watchDisks({
    ...(isFile(config.database) ? { database: config.database.file } : {}),
    archive: config.ledger.archive_dir,
  });
  await disks.refresh();
  const following = await follow(store.follower, log);
  return {
    disks,
    stop: () => following?.stop(),
    gauges: {
      diskUsed: () => disks.used(),
      followAge: () => (store.follower.isShared ? store.follower.age : {}),
    },
    routes: {
      data: supplied(HEALTH_ROUTES.data, { readiness }),
      operations: supplied(HEALTH_ROUTES.operations, { readiness }),
    },
  };
}

interface WatchDeps {
  readonly outages: OutageWatch;
  readonly store: SchemaWatchDeps['store'] & Pick<Store, 'walkRegistry' | 'probeLookups'>;
  readonly sinks: SchemaWatchDeps['sinks'];
  readonly chains: Chains;
  readonly disks: DiskWatch;
  /** Of capabilities. */
  readonly tasks: readonly Task[];
  readonly leadership: Leadership;
  readonly keyRing: OutdatedVerifierDeps['keyRing'] & ActiveKeyWatchDeps['keyRing'];
  readonly verifiers: OutdatedVerifierDeps['verifiers'];
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

/** All that looks again and again beside the service, and tells what it finds as security events. */
export function openWatches(parts: WatchDeps): { stop(): Promise<void> } {
  const { outages, store, sinks, chains, disks, tasks, leadership, keyRing, verifiers, events, clock, log } =
    parts;
  const onRelief = (volume: string, used: number) => log.info({ volume, used }, 'disk has room again');
  const watches: readonly Task[] = [
    { name: 'outages', everyMs: 1_000, tick: async () => outages.raiseEvents(events) },
    {
      name: 'file descriptors',
      everyMs: 1_000,
      tick: createDescriptorWatch({ outages: outages.descriptors, log }),
    },
    { name: 'active keys', everyMs: 1_000, tick: createActiveKeyWatch({ keyRing, events, clock }) },
    {
      name: 'registry',
      everyMs: 2_000,
      tick: createRegistryWatch(store, { events, clock, log }),
    },
    {
      name: 'schema',
      everyMs: 5_000,
      tick: createSchemaWatch({ store, events, sinks, outages, clock, log }),
    },
    { name: 'look-ups', everyMs: 1_000, tick: () => store.probeLookups() },
    { name: 'ledger', everyMs: 1_000, tick: chains.walks.ledger },
    { name: 'audit trail', everyMs: 1_000, tick: chains.walks.trail },
    { name: 'disks', everyMs: 5_000, tick: createDiskAlarm({ disks, events, clock, onRelief }) },
    {
      name: 'verifiers',
      everyMs: 60_000,
      tick: createOutdatedVerifierWatch({ keyRing, verifiers, events }),
    },
    ...tasks,
  ];
  const running = watches.map(({ name, everyMs, tick, byLeader }) =>
    startPeriodicTask({
      tick: byLeader ? whileLeading(leadership, tick) : tick,
      everyMs,
      log,
      failure: `${name} not watched; it is tried again`,
    }),
  );
  return {
    async stop() {
      await Promise.all(running.map((task) => task.stop()));
    },
  };
}
