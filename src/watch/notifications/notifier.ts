import type { Clock } from '../../domain/clock.ts';
import type { SecurityEventFeed } from '../../domain/event-feed.ts';
import type { TrackedEvent } from '../../domain/event-steps.ts';
import type {
  AwaitedAcknowledgement,
  NotificationOutbox,
  PlannedDelivery,
} from '../../domain/notifications.ts';
import type { SecurityEvent } from '../../domain/security-events.ts';
import type { Lane } from './lane.ts';
import { planEscalation, planNew } from './plan.ts';
import type { NotificationSettings } from './settings.ts';

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

export interface NotifierParts {
  readonly settings: NotificationSettings;
  readonly outbox: NotificationOutbox;
  readonly feed: SecurityEventFeed;
  readonly find: (sequence: number) => Promise<TrackedEvent>;
  /** The scopes that the event is about and that have contacts. */
  readonly scopesToTell: (event: SecurityEvent) => readonly string[];
  readonly lanes: readonly Lane[];
  readonly clock: Clock;
  /** A critical event that nobody acknowledged; that was the last route that waits. */
  readonly onNobody: (sequence: number, route: string) => void;
  /** The outbox could not be read or written: told once, until it can again. */
  readonly onLaneFailure: (target: string, error: unknown) => void;
}

/** Brings security events into the outbox, and what is due there on its way. */
export class Notifier {
  readonly #parts: NotifierParts;
  #place: number | undefined;
  #behind = true;
  #tidyAt = 0;
  readonly #unwatch: () => void;
  readonly #heldUp = new Set<Lane>();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#unwatch = parts.feed.watch(() => {
      this.#behind = true;
    });
  }

  /** Where there was no outbox before: what was raised in former times is not told any more. */
  async begin(): Promise<void> {
    const { outbox, feed } = this.#parts;
    this.#place = await outbox.place();
    if (this.#place !== undefined) return;
    this.#place = await feed.lastPlace();
    await outbox.record({ place: this.#place, deliveries: [], awaited: [], takenUp: [] });
  }

  /** One step of everything; sending goes on by itself. */
  async look(): Promise<void> {
    try {
      while (this.#behind) await this.#follow();
      await this.#escalate();
    } finally {
      void this.send();
    }
    await this.#tidy();
  }

  /** Settles once every lane has tried all that is due. */
  async send(): Promise<void> {
    await Promise.all(this.#parts.lanes.map((lane) => this.#run(lane)));
  }

  /** Begins nothing more; settles once what is being sent is settled. */
  async stop(): Promise<void> {
    this.#unwatch();
    await Promise.allSettled(this.#parts.lanes.map((lane) => lane.stop()));
  }

  async #run(lane: Lane): Promise<void> {
    try {
      await lane.run();
      this.#heldUp.delete(lane);
    } catch (error) {
      if (!this.#heldUp.has(lane)) this.#parts.onLaneFailure(lane.target, error);
      this.#heldUp.add(lane);
    }
  }

  async #follow(): Promise<void> {
    const { outbox, feed, settings, scopesToTell, clock } = this.#parts;
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

  async #escalate(): Promise<void> {
    const { outbox, find, settings, clock, onNobody } = this.#parts;
    const now = clock.nowSeconds();
    for (const overdue of await outbox.unacknowledged(now, ESCALATIONS_AT_A_TIME)) {
      const event = await find(overdue.eventSequence);
      const { deliveries, awaited } = planEscalation(event, overdue, settings, now);
      await outbox.escalate(overdue, deliveries, awaited);
      if (event.state === 'open' && awaited === null) onNobody(event.sequence, overdue.route);
    }
  }

  async #tidy(): Promise<void> {
    const { outbox, clock } = this.#parts;
    const now = clock.nowSeconds();
    if (now < this.#tidyAt) return;
    const more = await outbox.tidy({
      pendingSince: now - KEEP.pendingSeconds,
      deliveredBefore: now - KEEP.deliveredSeconds,
      deadBefore: now - KEEP.deadSeconds,
      mostDead: KEEP.mostDead,
    });
    if (!more) this.#tidyAt = now + TIDY_EVERY_SECONDS;
  }
}
