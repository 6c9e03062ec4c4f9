import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { TrxWriter } from '../db/schema.ts';
import type { StoredSecurityEvents } from '../events/index.ts';
import { Outages } from '../events/outages.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { Capability } from '../kernel/capability.ts';
import type { Clock, SettledTime } from '../kernel/clock.ts';
import type { KeyRing, KnownKeys } from '../kernel/key.ts';
import { type Leadership, whileLeading } from '../kernel/registry.ts';
import { type EventRaiser, type SecurityEventFeed, securityEvent } from '../kernel/security-events.ts';
import type { Tracer } from '../kernel/trace.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { Attempts, createHeartbeat } from './attempt.ts';
import { auditConfiguredNotifications, scopesOfEvent } from './configured.ts';
import { COUNTED_OUTCOMES, type NotificationService } from './delivery.ts';
import { DeliveryQueue, type DeliveryQueueWatch } from './delivery-queue.ts';
import { messageOf, messageOptions } from './message.ts';
import { Notifier } from './notifier.ts';
import { waitingRoutes } from './plan.ts';
import { adminNotificationRoutes } from './routes.ts';
import { createNotificationService, createTargetTester } from './service.ts';
import type { NotificationSettings } from './settings.ts';
import { createNotificationOutbox, type StoredNotifications } from './store/outbox.ts';
import type { NotificationTarget } from './target.ts';
import { openTarget } from './targets/open.ts';

export const NOTIFICATION_ROUTES = { operations: adminNotificationRoutes } as const;

const POLL_EVERY_MS = 1_000;
/** For the gauges; a count reads every row that waits. */
const COUNT_EVERY_MS = 15_000;
const HEARTBEAT_LOOK_MS = 60_000;
const HELD_UP = 'notifications held up; it is tried again';
const PATIENCE_SECONDS = 60;
/** What is being sent when the service stops is given that long; what is cut off is sent again with the next start. */
const STOP_MS = 2_000;

interface NotificationDeps {
  readonly settings: NotificationSettings;
  readonly store: Pick<Store, 'reader'> & { readonly writer: TrxWriter };
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

interface OutboxDeps extends NotificationDeps {
  readonly outbox: StoredNotifications;
}

interface Notifications extends Capability {
  readonly service: NotificationService;
  /** Audits what is configured, and begins to look each second. */
  start(events: EventRaiser): Promise<void>;
  /**
   * Goes on by these settings. What is pending stays so; what a former target has not got is given up. Fails before
   * anything is changed.
   */
  reconfigure(settings: NotificationSettings): Promise<void>;
  /** Sends each target its heartbeat where one is due. */
  heartbeat(): Promise<void>;
  /** One look: takes in what was raised, escalates, and sets what is due on its way, where this process leads. */
  tick(events: EventRaiser): Promise<void>;
  stop(): Promise<void>;
}

/** From here on what is raised is told, once it is started. */
export async function openNotifications(given: NotificationDeps): Promise<Notifications> {
  const { store, audit, leadership, clock, log } = given;
  const outbox = createNotificationOutbox(store.reader, store.writer, clock);
  const deps = { ...given, outbox };
  let round = openRound(deps);
  warnOfSilence(round, log);
  let isLeading = false;
  const takeOver = async () => {
    await round.notifier.takeOver();
    await outbox.abandonOthers(round.names);
    isLeading = true;
  };
  const tick = async (events: EventRaiser) => {
    if (!leadership.leads()) isLeading = false;
    else if (!isLeading) await takeOver();
    if (isLeading) await round.tick(events);
  };
  const heartbeat = whileLeading(leadership, () => round.heartbeat());
  if (leadership.leads()) await takeOver();
  let counts = await outbox.counts();
  const told = (state: keyof typeof counts) => () =>
    Object.fromEntries(round.names.map((name) => [name, counts[state][name] ?? 0]));
  const count = async () => {
    counts = await outbox.counts();
  };
  let raiser: EventRaiser | undefined;
  let loops: readonly { stop(): Promise<void> }[] = [];
  const startLoops = (events: EventRaiser) => {
    const loop = (tick: () => Promise<void>, everyMs: number, failure: string) =>
      startPeriodicTask({ tick, everyMs, log, failure });
    loops = [
      loop(() => tick(events), POLL_EVERY_MS, HELD_UP),
      loop(heartbeat, HEARTBEAT_LOOK_MS, 'no heartbeat'),
      loop(count, COUNT_EVERY_MS, 'notifications not counted'),
    ];
  };
  const stopLoops = () => Promise.all(loops.map((loop) => loop.stop()));
  const service: NotificationService = {
    test: (target, actor) => round.service.test(target, actor),
    list: (query, page) => round.service.list(query, page),
    replay: (id, actor) => round.service.replay(id, actor),
  };
  return {
    service,
    gauges: { notificationsPending: told('pending'), notificationsDead: told('dead') },
    routes: { operations: supplied(NOTIFICATION_ROUTES.operations, { notifications: service }) },
    tick,
    heartbeat,
    async start(events) {
      if (await auditConfiguredNotifications(audit, deps.settings)) {
        log.warn({ targets: round.names }, 'notifications are configured otherwise than at the last start');
      } else {
        round.notifier.lookBack();
      }
      raiser = events;
      startLoops(events);
    },
    async reconfigure(settings) {
      await auditConfiguredNotifications(audit, settings);
      if (leadership.leads()) await outbox.abandonOthers(Object.keys(settings.targets));
      await stopLoops();
      await round.stop();
      round = openRound({ ...deps, settings });
      warnOfSilence(round, log);
      if (raiser) startLoops(raiser);
    },
    async stop() {
      await stopLoops();
      await round.stop();
    },
  };
}

function warnOfSilence({ names, isAwaited }: Round, log: Logger): void {
  if (names.length === 0) {
    log.warn('no notification target is configured: security events are told to nobody');
  } else if (!isAwaited) {
    log.warn('no notification route waits for somebody to acknowledge critical events: none escalates');
  }
}

type Round = ReturnType<typeof openRound>;

/** All that goes by one state of the settings. Connects to nothing yet. */
function openRound(deps: OutboxDeps) {
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
      await notifier.stop();
      clearTimeout(late);
      stopping.abort();
      for (const target of targets) target.close();
    },
  };
}

function openLanes(
  { settings, outbox, eventStore, keyRing, clock, leadership, random = Math.random }: OutboxDeps,
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
        contactsOf: (scopeId) => keyRing.scope(scopeId)?.contacts ?? [],
        clock,
        random,
        leadership,
        watch,
        stopping,
      }),
  );
}

function openNotifier(
  { settings, outbox, eventStore: feed, keyRing, metrics, clock, settledTime, leadership, log }: OutboxDeps,
  queues: readonly DeliveryQueue[],
): Notifier {
  return new Notifier({
    settings,
    outbox,
    feed,
    events: feed,
    scopesToTell: (event) =>
      scopesOfEvent(event, (kid) => keyRing.knownKey(kid)?.key.scopeId).filter(
        (scopeId) => keyRing.scope(scopeId)?.contacts.length,
      ),
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

function laneWatch(
  outages: Outages,
  { metrics: { notifications }, log }: Pick<NotificationDeps, 'metrics' | 'log'>,
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
