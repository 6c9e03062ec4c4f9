import type { Logger } from 'pino';
import type { StoredSecurityEvents } from '../events/index.ts';
import { Outages } from '../events/outages.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { Clock, SettledTime } from '../kernel/clock.ts';
import type { KeyRing, KnownKeys } from '../kernel/key.ts';
import type { Leadership } from '../kernel/registry.ts';
import {
  type EventRaiser,
  type SecurityEvent,
  type SecurityEventFeed,
  securityEvent,
} from '../kernel/security-events.ts';
import type { Tracer } from '../kernel/trace.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Attempts, createHeartbeat } from './attempt.ts';
import { scopesOfEvent } from './configured.ts';
import { COUNTED_OUTCOMES, type StoredNotifications } from './delivery.ts';
import { DeliveryQueue, type DeliveryQueueWatch } from './delivery-queue.ts';
import { messageOf, messageOptions } from './message.ts';
import { Notifier } from './notifier.ts';
import { waitingRoutes } from './plan.ts';
import { createNotificationService, createTargetTester } from './service.ts';
import type { NotificationSettings } from './settings.ts';
import type { NotificationTarget } from './target.ts';
import { openTarget } from './targets/open.ts';
import { openUnstoredTeller } from './tell-unstored.ts';
import type { UnstoredOutbox } from './unstored-outbox.ts';

export const HELD_UP = 'notifications held up; it is tried again';
const PATIENCE_SECONDS = 60;
/** What is being sent at the end is given that long; what is cut off is sent again, of the outbox after a restart too. */
const STOP_MS = 2_000;

/** What a round goes by; `memory` outlives it. */
export interface RoundDeps {
  readonly settings: NotificationSettings;
  readonly outbox: StoredNotifications;
  readonly memory: UnstoredOutbox;
  readonly eventStore: Pick<StoredSecurityEvents, keyof SecurityEventFeed | 'find' | 'list'>;
  readonly audit: Pick<AuditLog, 'lastAbout' | 'record'>;
  readonly keyRing: Pick<KeyRing, 'scope'> & Pick<KnownKeys, 'knownKey'>;
  readonly metrics: Pick<Metrics, 'notifications' | 'unacknowledgedEvents'>;
  readonly clock: Clock;
  readonly settledTime: SettledTime;
  /** The process that leads tells; the others answer what was told. */
  readonly leadership: Pick<Leadership, 'leads'>;
  readonly log: Logger;
  readonly tracer?: Tracer | undefined;
  /** Spreads attempts; from 0 to 1. */
  readonly random?: () => number;
}

export type Round = ReturnType<typeof openRound>;

/** All that goes by one state of the settings. Connects to nothing yet. */
export function openRound(deps: RoundDeps) {
  const { settings, outbox, audit, clock, metrics, tracer } = deps;
  const stopping = new AbortController();
  const targets = Object.entries(settings.targets).map(([name, each]) => openTarget(name, each, tracer));
  const names = targets.map(({ name }) => name);
  for (const target of names) {
    for (const outcome of COUNTED_OUTCOMES) metrics.notifications.inc({ target, outcome }, 0);
  }
  const outages = new Outages({
    clock,
    patienceSeconds: PATIENCE_SECONDS,
    report: ({ name, since, why }) =>
      securityEvent('notification.failing', { notification_target: name, since, why }),
  });
  const queues = openLanes(deps, targets, stopping.signal, laneWatch(outages, deps));
  const notifier = openNotifier(deps, queues);
  const unstored = openUnstoredTeller({
    ...deps,
    ...contactsIn(deps.keyRing),
    targets,
    stopping: stopping.signal,
  });
  const tester = createTargetTester(targets, settings.deadline_ms, clock, stopping.signal);
  const heartbeat = createHeartbeat({
    targets,
    everySeconds: settings.heartbeat_seconds,
    deadlineMs: settings.deadline_ms,
    clock,
    stopping: stopping.signal,
    onFailure: (target, why) => outages.began(target, why),
  });
  return {
    names,
    isAwaited: waitingRoutes(settings).length > 0,
    notifier,
    unstored,
    heartbeat,
    service: createNotificationService({ outbox, audit, tester, queues }),
    async tick(events: EventRaiser) {
      await notifier.tick();
      const details = notifier.takeFound();
      if (details.length > 0) {
        events.raise(securityEvent('notification.outbox_changed', { details, at: clock.nowSeconds() }));
      }
      outages.raiseEvents(events);
    },
    async stop() {
      const late = setTimeout(() => stopping.abort(), STOP_MS);
      await Promise.all([notifier.stop(), unstored.stop()]);
      clearTimeout(late);
      stopping.abort();
      for (const target of targets) target.close();
    },
  };
}

function openLanes(
  { settings, outbox, eventStore, keyRing, clock, leadership, random = Math.random }: RoundDeps,
  targets: readonly NotificationTarget[],
  stopping: AbortSignal,
  watch: DeliveryQueueWatch,
): readonly DeliveryQueue[] {
  return targets.map(
    (target) =>
      new DeliveryQueue({
        target: target.name,
        attempts: new Attempts(target, settings.deadline_ms, stopping),
        mostAttempts: settings.attempts,
        outbox,
        write: async (delivery) =>
          messageOf(
            delivery,
            await eventStore.find(delivery.eventSequence),
            messageOptions(settings, target.name, delivery),
          ),
        contactsOf: contactsIn(keyRing).contactsOf,
        clock,
        random,
        leadership,
        watch,
        stopping,
      }),
  );
}

function openNotifier(
  { settings, outbox, eventStore: feed, keyRing, metrics, clock, settledTime, leadership, log }: RoundDeps,
  queues: readonly DeliveryQueue[],
): Notifier {
  return new Notifier({
    settings,
    outbox,
    feed,
    events: feed,
    scopesToTell: contactsIn(keyRing).scopesToTell,
    queues,
    clock,
    settledTime,
    leadership,
    onNobody(event, route) {
      metrics.unacknowledgedEvents.inc();
      log.error({ event, route }, 'nobody has acknowledged a critical event, and there is no further route');
    },
    onLaneFailure: (target, err) => log.error({ target, err }, HELD_UP),
  });
}

/** As memory has them: they are known while the database is away. */
function contactsIn(keyRing: RoundDeps['keyRing']) {
  const contactsOf = (scopeId: string): readonly string[] => keyRing.scope(scopeId)?.contacts ?? [];
  return {
    contactsOf,
    /** The scopes that an event is about and that have contacts. */
    scopesToTell: (event: Pick<SecurityEvent, 'subject' | 'evidence'>): readonly string[] =>
      scopesOfEvent(event, (kid) => keyRing.knownKey(kid)?.key.scopeId).filter(
        (scopeId) => contactsOf(scopeId).length > 0,
      ),
  };
}

function laneWatch(
  outages: Outages,
  { metrics: { notifications }, log }: Pick<RoundDeps, 'metrics' | 'log'>,
): DeliveryQueueWatch {
  return {
    delivered(target) {
      notifications.inc({ target, outcome: 'delivered' });
      outages.ended(target);
    },
    failed(target, why, { dead, ofTarget }) {
      notifications.inc({ target, outcome: dead ? 'dead' : 'failed' });
      if (dead) log.error({ target, why }, 'notification given up: keyward notify list --state dead');
      else log.warn({ target, why }, 'notification failed; it is tried again');
      if (ofTarget) outages.began(target, why);
    },
  };
}
