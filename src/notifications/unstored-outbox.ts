import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { UnstoredEvent } from '../events/index.ts';
import type { Clock } from '../kernel/clock.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DeliverySource, QueuedDelivery, SettledAttempt } from './delivery.ts';
import type { Recipient } from './plan.ts';
import type { NotificationSettings } from './target-settings.ts';

/** Of one target, within a window or waiting; beside it one of each further type. */
const MOST_MESSAGES = 100;
const WINDOW_SECONDS = 600;
/** What was not sent by then says little of how things are. */
const LONGEST_WAIT_SECONDS = 3_600;

export interface UnstoredDelivery extends QueuedDelivery {
  readonly target: string;
  /** What receivers know it by: the same at each attempt. */
  readonly messageId: string;
  readonly event: UnstoredEvent;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Null once it is settled. */
  readonly nextAttemptAt: number | null;
}

interface UnstoredOutboxDeps {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'notifications'>;
  readonly log: Logger;
}

/**
 * In memory, what targets are to be told past the store. A message keeps its place until it is settled and its window
 * is over, so that one bound holds for memory and for what is sent. It outlives a reload.
 */
export class UnstoredOutbox implements DeliverySource<UnstoredDelivery> {
  readonly #deps: UnstoredOutboxDeps;
  readonly #droppedLines: MinuteBudget;
  readonly #messages = new Map<number, UnstoredDelivery>();
  #lastId = 0;
  #dropped = 0;

  constructor(deps: UnstoredOutboxDeps) {
    this.#deps = deps;
    this.#droppedLines = new MinuteBudget(1, deps.clock);
  }

  /** A message to each; past the bound of its target only the first of its type. */
  add(
    event: UnstoredEvent,
    recipients: readonly Recipient[],
    { targets }: Pick<NotificationSettings, 'targets'>,
  ): void {
    const at = this.#deps.clock.nowSeconds();
    this.#tidy(at);
    for (const { target, contactsOf } of recipients) {
      const most = Math.min(MOST_MESSAGES, targets[target]?.messages_per_window ?? 0);
      if (!this.#hasRoom(target, event, most)) {
        this.#drop(target, event);
        continue;
      }
      const id = ++this.#lastId;
      const messageId = `msg_${randomBytes(18).toString('base64url')}`;
      const delivery = { id, messageId, target, contactsOf, event, at, attempts: 0, nextAttemptAt: at };
      this.#messages.set(id, delivery);
    }
  }

  async due(target: string, now: number, limit: number): Promise<readonly UnstoredDelivery[]> {
    this.#tidy(now);
    return [...this.#messages.values()]
      .filter((each) => each.target === target && each.nextAttemptAt !== null && each.nextAttemptAt <= now)
      .slice(0, limit);
  }

  async settle(attempts: readonly SettledAttempt[]): Promise<void> {
    for (const { id, outcome } of attempts) {
      const message = this.#messages.get(id);
      if (!message || message.nextAttemptAt === null) continue;
      const nextAttemptAt = outcome.state === 'pending' ? outcome.nextAttemptAt : null;
      this.#messages.set(id, { ...message, attempts: message.attempts + 1, nextAttemptAt });
      if (outcome.state === 'dead') this.#giveUp(message, outcome.error);
    }
  }

  /** Gives up what waits for targets that are not among these. */
  abandonOthers(targets: readonly string[], why: string): void {
    for (const message of this.#messages.values()) {
      if (message.nextAttemptAt !== null && !targets.includes(message.target)) this.#giveUp(message, why);
    }
  }

  #hasRoom(target: string, { type }: UnstoredEvent, most: number): boolean {
    const ofTarget = [...this.#messages.values()].filter((each) => each.target === target);
    return ofTarget.length < most || !ofTarget.some(({ event }) => event.type === type);
  }

  #tidy(now: number): void {
    for (const message of this.#messages.values()) {
      const { id, at, nextAttemptAt } = message;
      if (nextAttemptAt !== null && now - at >= LONGEST_WAIT_SECONDS) {
        this.#giveUp(message, `not sent within ${LONGEST_WAIT_SECONDS} s`);
      }
      if (nextAttemptAt === null && Math.abs(now - at) >= WINDOW_SECONDS) this.#messages.delete(id);
    }
  }

  #drop(target: string, { type: event, subject }: UnstoredEvent): void {
    this.#dropped += 1;
    this.#countDead(target);
    if (!this.#droppedLines.take(`${target} ${event}`)) return;
    this.#deps.log.error(
      { target, event, subject, dropped: this.#dropped },
      'an unrecorded security event is not sent: too many',
    );
  }

  #giveUp(message: UnstoredDelivery, why: string): void {
    const { id, target, event } = message;
    this.#messages.set(id, { ...message, nextAttemptAt: null });
    this.#countDead(target);
    this.#deps.log.error(
      { target, event: event.type, subject: event.subject, why },
      'message of an unrecorded security event given up: it is kept nowhere',
    );
  }

  #countDead(target: string): void {
    this.#deps.metrics.notifications.inc({ target, outcome: 'dead' });
  }
}
