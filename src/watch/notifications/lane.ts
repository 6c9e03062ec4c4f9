import type { Clock } from '../../domain/clock.ts';
import { KeywardError } from '../../domain/errors.ts';
import type { TrackedEvent } from '../../domain/event-steps.ts';
import type { AttemptOutcome, NotificationDelivery, NotificationOutbox } from '../../domain/notifications.ts';
import type { Attempts } from './attempt.ts';
import { backoffSeconds } from './backoff.ts';
import { failureText } from './failure-text.ts';
import { type MessageOptions, messageOf } from './message.ts';
import { RecipientRefused } from './target.ts';

/** Taken from the outbox at a time. */
const AT_A_TIME = 50;

export interface LaneWatch {
  delivered(target: string): void;
  /** `ofTarget`: not of its recipients, nor of what was to be sent. */
  failed(target: string, why: string, facts: { readonly dead: boolean; readonly ofTarget: boolean }): void;
}

export interface LaneParts {
  readonly target: string;
  readonly attempts: Attempts;
  readonly mostAttempts: number;
  readonly message: MessageOptions;
  readonly outbox: Pick<NotificationOutbox, 'due' | 'settle'>;
  /** `unknown_event`. */
  readonly find: (sequence: number) => Promise<TrackedEvent>;
  readonly contactsOf: (scopeId: string) => readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly watch: LaneWatch;
  readonly stopping: AbortSignal;
}

/** What goes to one target, one message after the other; other targets have lanes of their own. */
export class Lane {
  readonly #parts: LaneParts;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  get target(): string {
    return this.#parts.target;
  }

  /** Begins nothing more; settles once what is being sent is settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Settles once all that is due was tried. */
  async run(): Promise<void> {
    if (this.#stopped) return;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #drain(): Promise<void> {
    const { outbox, target, clock } = this.#parts;
    let due: readonly NotificationDelivery[];
    do {
      due = await outbox.due(target, clock.nowSeconds(), AT_A_TIME);
      for (const delivery of due) {
        if (this.#stopped) return;
        await this.#deliver(delivery);
      }
    } while (due.length === AT_A_TIME);
  }

  async #deliver(delivery: NotificationDelivery): Promise<void> {
    const { outbox, target, watch, stopping } = this.#parts;
    try {
      await this.#send(delivery);
    } catch (error) {
      // An attempt that the end of the process cut off is no failure of the target's.
      if (stopping.aborted) return;
      const outcome = this.#after(delivery, error);
      await outbox.settle(delivery.id, outcome);
      const ofTarget = !(error instanceof RecipientRefused || error instanceof KeywardError);
      watch.failed(target, outcome.error, { dead: outcome.state === 'dead', ofTarget });
      return;
    }
    await outbox.settle(delivery.id, { state: 'delivered' });
    watch.delivered(target);
  }

  async #send(delivery: NotificationDelivery): Promise<void> {
    const { attempts, find, contactsOf, message } = this.#parts;
    const event = await find(delivery.eventSequence);
    const { contactsOf: scopeId } = delivery;
    if (scopeId === null) return await attempts.send(messageOf(delivery, event, message), undefined);
    const to = contactsOf(scopeId);
    // Whoever was to be told is no contact any more.
    if (to.length === 0) return;
    await attempts.send(messageOf(delivery, event, { ...message, withEvidence: false }), to);
  }

  #after(
    { attempts }: NotificationDelivery,
    cause: unknown,
  ): Exclude<AttemptOutcome, { state: 'delivered' }> {
    const { mostAttempts, clock, random } = this.#parts;
    const error = failureText(cause);
    const failed = attempts + 1;
    const lost = cause instanceof KeywardError && cause.code === 'unknown_event';
    if (lost || failed >= mostAttempts) return { state: 'dead', error };
    return { state: 'pending', nextAttemptAt: clock.nowSeconds() + backoffSeconds(failed, random), error };
  }
}
