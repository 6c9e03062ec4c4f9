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
/** A target that fails is left alone for a while, at most that long, however much is due to it. */
const MOST_PAUSE_SECONDS = 60;

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
  /** In a row, of the target's own. */
  #failures = 0;
  #pausedUntil = 0;

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

  /** Leaves the target alone no longer. */
  resume(): void {
    this.#failures = 0;
    this.#pausedUntil = 0;
  }

  /** Settles once all that is due was tried, or the target has failed. */
  async run(): Promise<void> {
    if (this.#stopped) return;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #drain(): Promise<void> {
    const { outbox, target, clock } = this.#parts;
    if (clock.nowSeconds() < this.#pausedUntil) return;
    let due: readonly NotificationDelivery[];
    do {
      due = await outbox.due(target, clock.nowSeconds(), AT_A_TIME);
      for (const delivery of due) {
        if (this.#stopped || clock.nowSeconds() < this.#pausedUntil) return;
        await this.#deliver(delivery);
      }
    } while (due.length === AT_A_TIME);
  }

  async #deliver(delivery: NotificationDelivery): Promise<void> {
    const { outbox, target, watch, stopping } = this.#parts;
    let note: string | undefined;
    try {
      note = await this.#send(delivery);
    } catch (error) {
      // An attempt that the end of the process cut off is no failure of the target's.
      if (stopping.aborted) return;
      const outcome = this.#after(delivery, error);
      await outbox.settle(delivery.id, outcome);
      const ofTarget = !(error instanceof RecipientRefused || error instanceof KeywardError);
      if (ofTarget) this.#pause();
      watch.failed(target, outcome.error, { dead: outcome.state === 'dead', ofTarget });
      return;
    }
    this.resume();
    await outbox.settle(delivery.id, { state: 'delivered', note: note ?? null });
    watch.delivered(target);
  }

  #pause(): void {
    const { clock, random } = this.#parts;
    this.#failures += 1;
    this.#pausedUntil =
      clock.nowSeconds() + Math.min(MOST_PAUSE_SECONDS, backoffSeconds(this.#failures, random));
  }

  async #send(delivery: NotificationDelivery): Promise<string | undefined> {
    const { attempts, find, contactsOf, message } = this.#parts;
    const event = await find(delivery.eventSequence);
    const { contactsOf: scopeId } = delivery;
    if (scopeId === null) return await attempts.send(messageOf(delivery, event, message), undefined);
    const to = contactsOf(scopeId);
    // Whoever was to be told is no contact any more.
    if (to.length === 0) return 'the scope has no contacts any more';
    return await attempts.send(messageOf(delivery, event, { ...message, withEvidence: false }), to);
  }

  #after(
    { attempts }: NotificationDelivery,
    cause: unknown,
  ): Exclude<AttemptOutcome, { state: 'delivered' }> {
    const { mostAttempts, clock, random } = this.#parts;
    const error = failureText(cause);
    const failed = attempts + 1;
    if (failed >= mostAttempts) return { state: 'dead', error };
    return { state: 'pending', nextAttemptAt: clock.nowSeconds() + backoffSeconds(failed, random), error };
  }
}
