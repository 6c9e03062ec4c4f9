import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Leadership } from '../kernel/registry.ts';
import { LogOutlet } from '../lib/log-outlet.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { EventStreams } from '../server/event-streams.ts';
import { createLogger } from '../server/logger.ts';
import { supplied } from '../server/route.ts';
import type { ActKeys } from './acts.ts';
import { followActs } from './follow-acts.ts';
import type { OutageWatch } from './outages.ts';
import { createRaiser, openSecurityEvents } from './raise.ts';
import { adminEventRoutes } from './routes.ts';
import { adminEventStreamRoutes } from './routes-stream.ts';
import { createSecurityEvents } from './store/security-events.ts';
import { unresolvedEvents } from './unresolved.ts';

export { createOutageWatch, type UnstoredEvent } from './outages.ts';
export { eraseEvidence, unresolvedAbout, unresolvedDigests } from './store/erase-evidence.ts';
export { type StoredSecurityEvents, securityEventTable } from './store/security-events.ts';
export { trackedEvent } from './store/tracked-events.ts';

export const EVENT_ROUTES = { operations: [...adminEventStreamRoutes, ...adminEventRoutes] } as const;

/** The log, whose own failures are told as outages. */
export function openLog(config: Config, metrics: Metrics, outages: OutageWatch): Logger {
  const outlet = new LogOutlet();
  const log = createLogger({ level: config.log.level, destination: outlet });
  outlet.watch({
    failing: (why) => outages.log.began('log', why),
    works(lost) {
      outages.log.ended('log');
      log.error({ lost }, 'lines of the log were lost');
    },
  });
  metrics.watch({ logLinesLost: () => outlet.lost });
  return log;
}

interface EventDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'reader' | 'writer' | 'follower'>;
  readonly metrics: Metrics;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
  readonly audit: Pick<AuditLog, 'auditHead' | 'newestOfType' | 'witnessedAfter'>;
  readonly keyRing: ActKeys;
  readonly outages: OutageWatch;
}

const FOLLOW_MS = 1_000;

/** Security events: raised by everybody, and what operators make of them. What people do is told as one, too. */
export async function openEvents(deps: EventDeps) {
  const { config, store, metrics, leadership, clock, log, audit, keyRing, outages } = deps;
  const { reader, writer, follower } = store;
  const securityEvents = createSecurityEvents(reader, writer, clock, follower.isShared);
  await securityEvents.follow();
  const raised = openSecurityEvents(securityEvents, log, metrics);
  const eventStreams = new EventStreams(config.limits);
  const raiser = createRaiser({ events: raised, clock, log, outages });
  const singleOperator = !config.two_persons;
  const followed = await followActs({ audit, keyRing, events: raiser, singleOperator, leadership, clock });
  return {
    eventStore: securityEvents,
    securityEvents: raised,
    raiser,
    gauges: { eventsUnresolved: await unresolvedEvents(securityEvents) },
    tasks: [
      { name: 'acts', everyMs: FOLLOW_MS, tick: followed },
      { name: 'security events', everyMs: FOLLOW_MS, tick: () => securityEvents.follow() },
    ],
    routes: {
      operations: supplied(EVENT_ROUTES.operations, {
        securityEvents,
        securityEventFeed: securityEvents,
        eventStreams,
      }),
    },
    drain: () => eventStreams.end(),
    stop: () => eventStreams.end(),
  };
}
