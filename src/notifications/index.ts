import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { TrxWriter } from '../db/schema.ts';
import type { OutageWatch } from '../events/outages.ts';
import type { Capability } from '../kernel/capability.ts';
import { whileLeading } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { supplied } from '../server/route.ts';
import { auditConfiguredNotifications } from './configured.ts';
import type { NotificationService } from './delivery.ts';
import { HELD_UP, openRound, type Round, type RoundDeps } from './round.ts';
import { adminNotificationRoutes } from './routes.ts';
import type { NotificationSettings } from './settings.ts';
import { createNotificationOutbox } from './store/outbox.ts';
import { UnstoredOutbox } from './unstored-outbox.ts';

export const NOTIFICATION_ROUTES = { operations: adminNotificationRoutes } as const;

const POLL_EVERY_MS = 1_000;
/** For the gauges; a count reads every row that waits. */
const COUNT_EVERY_MS = 15_000;
const HEARTBEAT_LOOK_MS = 60_000;

interface NotificationDeps extends Omit<RoundDeps, 'outbox' | 'memory'> {
  readonly store: Pick<Store, 'reader'> & { readonly writer: TrxWriter };
  readonly outages: Pick<OutageWatch, 'unstored'>;
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
  const memory = new UnstoredOutbox(given);
  const deps = { ...given, outbox, memory };
  let round = openRound(deps);
  const unsubscribe = given.outages.unstored.subscribe((event) => round.unstored.tell(event));
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
      // A loop of its own: the other may wait for the database.
      loop(async () => round.unstored.send(), POLL_EVERY_MS, HELD_UP),
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
      memory.abandonOthers(round.names, 'the configuration no longer names the target');
      warnOfSilence(round, log);
      if (raiser) startLoops(raiser);
    },
    async stop() {
      await stopLoops();
      await round.stop();
      unsubscribe();
      memory.abandonOthers([], 'the service stops');
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
