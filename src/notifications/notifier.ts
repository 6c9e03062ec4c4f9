import type { Clock, SettledTime } from '../kernel/clock.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { EventService, SecurityEvent, SecurityEventFeed } from '../kernel/security-events.ts';
import type { AwaitedAcknowledgement, NotificationOutbox, PlannedDelivery } from './delivery.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { planEscalation, planNew } from './plan.ts';
import { reconcile } from './reconcile.ts';
import type { NotificationSettings } from './target-settings.ts';

const CHANGES_AT_A_TIME = 100;
const ESCALATIONS_AT_A_TIME = 50;
/** What is kept in the outbox, and for how long. */
const KEEP = {
  pendingSeconds: 3 * 86_400,
  deliveredSeconds: 7 * 86_400,
  deadSeconds: 90 * 86_400,
  mostDead: 1_000,
};
const TIDY_EVERY_SECONDS = 3_600;
const RECONCILE_EVERY_SECONDS = 60;
/** A day less than what is delivered is kept for. */
const LOOK_BACK_SECONDS = KEEP.deliveredSeconds - 86_400;

interface NotifierDeps {
  readonly settings: NotificationSettings;
  readonly outbox: NotificationOutbox;
  readonly feed: SecurityEventFeed;
  readonly events: Pick<EventService, 'list' | 'find'>;
  /** The scopes that the event is about and that have contacts. */
  readonly scopesToTell: (event: SecurityEvent) => readonly string[];
  readonly queues: readonly DeliveryQueue[];
  readonly clock: Clock;
  readonly settledTime: SettledTime;
  readonly leadership: Pick<Leadership, 'leads'>;
  /** A critical event that nobody acknowledged; that was the last route that waits. */
  readonly onNobody: (sequence: number, route: string) => void;
  /** The outbox could not be read or written: told once, until it can again. */
  readonly onLaneFailure: (target: string, error: unknown) => void;
}

/** Brings security events into the outbox, and what is due there on its way. To be asked only where this process leads. */
export class Notifier {
  readonly #deps: NotifierDeps;
  #place: number | undefined;
  #behind = true;
  #tidyAt = 0;
  #reconcileAt = 0;
  #since: number;
  #found: string[] = [];
  readonly #unwatch: () => void;
  readonly #heldUp = new Set<DeliveryQueue>();

  constructor(deps: NotifierDeps) {
    this.#deps = deps;
    this.#since = deps.clock.nowSeconds();
    this.#unwatch = deps.feed.subscribe(() => {
      this.#behind = true;
    });
  }

  /** Where there was no outbox before: what was raised in former times is not told any more. */
  async begin(): Promise<void> {
    const { outbox, feed } = this.#deps;
    this.#place = await outbox.place();
    const last = await feed.lastPlace();
    if (this.#place !== undefined && this.#place <= last) return;
    if (this.#place !== undefined)
      this.#found.push(`the place in the events was ${this.#place}, behind the last: ${last}`);
    this.#place = last;
    await outbox.record({ place: this.#place, deliveries: [], awaited: [], takenUp: [] });
  }

  /** Another process may have led: what this one remembers of the outbox is true no more. */
  async takeOver(): Promise<void> {
    this.#place = undefined;
    this.#behind = true;
    this.#reconcileAt = 0;
    for (const queue of this.#deps.queues) queue.forget();
    await this.begin();
  }

  /** Events of the last days are held against the outbox as well: routes and targets are those of that time. */
  lookBack(): void {
    this.#since -= LOOK_BACK_SECONDS;
  }

  /** What somebody else changed in the outbox, found since the last call and set right. */
  takeFound(): readonly string[] {
    return this.#found.splice(0);
  }

  /** One step of everything; sending goes on by itself. */
  async tick(): Promise<void> {
    if (this.#place === undefined) await this.begin();
    const { leads } = this.#deps.leadership;
    try {
      while (this.#behind && leads()) await this.#follow();
      if (leads()) await this.#reconcile();
      await this.#escalate();
    } finally {
      void this.send();
    }
    if (leads()) await this.#tidy();
  }

  /** Settles once every lane has tried all that is due. */
  async send(): Promise<void> {
    await Promise.all(this.#deps.queues.map((queue) => this.#run(queue)));
  }

  /** Begins nothing more; settles once what is being sent is settled. */
  async stop(): Promise<void> {
    this.#unwatch();
    await Promise.allSettled(this.#deps.queues.map((queue) => queue.stop()));
  }

  async #run(queue: DeliveryQueue): Promise<void> {
    try {
      await queue.run();
      this.#heldUp.delete(queue);
    } catch (error) {
      if (!this.#heldUp.has(queue)) this.#deps.onLaneFailure(queue.target, error);
      this.#heldUp.add(queue);
    }
  }

  async #follow(): Promise<void> {
    const { outbox, feed, settings, scopesToTell, clock } = this.#deps;
    const place = this.#place ?? 0;
    this.#behind = false;
    try {
      const changes = await feed.changesAfter(place, CHANGES_AT_A_TIME);
      const last = changes.at(-1);
      if (!last) return;
      const deliveries: PlannedDelivery[] = [];
      const awaited: AwaitedAcknowledgement[] = [];
      const takenUp: number[] = [];
      for (const { event, became } of changes) {
        if (became !== 'open') {
          takenUp.push(event.sequence);
          continue;
        }
        const plan = planNew(event, settings, scopesToTell(event), clock.nowSeconds());
        deliveries.push(...plan.deliveries);
        if (plan.awaited) awaited.push(plan.awaited);
      }
      await outbox.record({ place: last.place, deliveries, awaited, takenUp });
      this.#place = last.place;
      if (changes.length === CHANGES_AT_A_TIME) this.#behind = true;
    } catch (error) {
      this.#behind = true;
      throw error;
    }
  }

  async #reconcile(): Promise<void> {
    const { outbox, events, feed, settings, clock } = this.#deps;
    const now = clock.nowSeconds();
    if (now < this.#reconcileAt) return;
    const place = this.#place ?? 0;
    const stored = await outbox.place();
    if (stored !== place) {
      this.#found.push(`the place in the events was ${stored ?? 'gone'}, not ${place}`);
      await outbox.record({ place, deliveries: [], awaited: [], takenUp: [] });
    }
    const since = Math.max(this.#since, now - LOOK_BACK_SECONDS);
    const found = await reconcile({ outbox, events, feed, settings, clock }, { since, place });
    if (found === undefined) return;
    this.#found.push(...found);
    this.#reconcileAt = now + RECONCILE_EVERY_SECONDS;
  }

  async #escalate(): Promise<void> {
    const {
      outbox,
      events: { find },
      settings,
      clock,
      leadership,
      onNobody,
    } = this.#deps;
    const now = clock.nowSeconds();
    for (const overdue of await outbox.unacknowledged(now, ESCALATIONS_AT_A_TIME)) {
      if (!leadership.leads()) return;
      const event = await find(overdue.eventSequence);
      const { deliveries, awaited } = planEscalation(event, overdue, settings, now);
      await outbox.escalate(overdue, deliveries, awaited);
      if (event.state === 'open' && awaited === null) onNobody(event.sequence, overdue.route);
    }
  }

  async #tidy(): Promise<void> {
    const { outbox, clock, settledTime } = this.#deps;
    const now = clock.nowSeconds();
    if (now < this.#tidyAt || !settledTime.isSettled()) return;
    const more = await outbox.tidy({
      pendingSince: now - KEEP.pendingSeconds,
      deliveredBefore: now - KEEP.deliveredSeconds,
      deadBefore: now - KEEP.deadSeconds,
      mostDead: KEEP.mostDead,
    });
    if (!more) this.#tidyAt = now + TIDY_EVERY_SECONDS;
  }
}
