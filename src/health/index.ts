import type { Logger } from 'pino';
import { ChainWalk } from '../audit/chain-walk.ts';
import type { Chains } from '../audit/open-chains.ts';
import type { Store } from '../db/open-store.ts';
import type { OutageWatch } from '../events/outages.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { Task } from '../kernel/capability.ts';
import { type Clock, dayOf } from '../kernel/clock.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { createRegistryWatch } from '../keys/open-registry.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import {
  createOutdatedVerifierWatch,
  type OutdatedVerifierParts,
} from '../publication/outdated-verifiers.ts';
import { type ActiveKeyWatchParts, createActiveKeyWatch } from './active-keys.ts';
import { createDescriptorWatch } from './descriptors.ts';
import { createDiskAlarm, type DiskWatch } from './disk.ts';
import { createSchemaWatch, type SchemaWatchParts } from './schema.ts';

export interface WatchParts {
  readonly outages: OutageWatch;
  readonly store: SchemaWatchParts['store'] & Pick<Store, 'walkRegistry' | 'probeLookups'>;
  readonly sinks: SchemaWatchParts['sinks'];
  readonly audit: Pick<AuditLog, 'eventsAfter'>;
  readonly chains: Chains;
  readonly disks: DiskWatch;
  /** Of capabilities. */
  readonly tasks: readonly Task[];
  readonly keyRing: OutdatedVerifierParts['keyRing'] & ActiveKeyWatchParts['keyRing'];
  readonly verifiers: OutdatedVerifierParts['verifiers'];
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

/** All that looks again and again beside the service, and tells what it finds as security events. */
export function openWatches(parts: WatchParts): { stop(): Promise<void> } {
  const { outages, store, sinks, audit, chains, disks, tasks, keyRing, verifiers, events, clock, log } =
    parts;
  const onRelief = (volume: string, used: number) => log.info({ volume, used }, 'disk has room again');
  const watches = [
    { what: 'outages', everyMs: 1_000, look: async () => outages.tell(events) },
    {
      what: 'file descriptors',
      everyMs: 1_000,
      look: createDescriptorWatch({ outages: outages.descriptors, log }),
    },
    { what: 'active keys', everyMs: 1_000, look: createActiveKeyWatch({ keyRing, events, clock }) },
    { what: 'audit chain', everyMs: 1_000, look: createChainWatch({ audit, events, clock }) },
    {
      what: 'registry',
      everyMs: 2_000,
      look: createRegistryWatch(store, { events, clock, log }),
    },
    { what: 'schema', everyMs: 5_000, look: createSchemaWatch({ store, events, sinks, clock, log }) },
    { what: 'look-ups', everyMs: 1_000, look: () => store.probeLookups() },
    { what: 'ledger', everyMs: 1_000, look: chains.walks.ledger },
    { what: 'revocations', everyMs: 1_000, look: chains.walks.revocations },
    { what: 'disks', everyMs: 5_000, look: createDiskAlarm({ disks, events, clock, onRelief }) },
    {
      what: 'verifiers',
      everyMs: 60_000,
      look: createOutdatedVerifierWatch({ keyRing, verifiers, events }),
    },
    ...tasks.map(({ name, everyMs, tick }) => ({ what: name, everyMs, look: tick })),
  ].map(({ what, everyMs, look }) =>
    startPeriodicTask({ tick: look, everyMs, log, failure: `${what} not watched; it is tried again` }),
  );
  return {
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

/** A break is told while the service runs, once a place and day. */
export function createChainWatch({
  audit,
  events,
  clock,
}: Pick<WatchParts, 'audit' | 'events' | 'clock'>): () => Promise<void> {
  const walk = new ChainWalk(audit);
  return async () => {
    const broken = await walk.step();
    if (!broken) return;
    const day = dayOf(clock.nowSeconds());
    events.raise(securityEvent('audit.chain_broken', { chain: 'audit', ...broken, day }));
  };
}
