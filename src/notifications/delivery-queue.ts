import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Leadership } from '../kernel/registry.ts';
import { type BackoffBounds, backoff } from '../lib/backoff.ts';
import { type Attempts, failureText } from './attempt.ts';
import type {
  AttemptOutcome,
  DeliverySource,
  NotificationDelivery,
  QueuedDelivery,
  SettledAttempt,
} from './delivery.ts';
import type { NotificationMessage } from './message.ts';
import { RecipientRefused, TryLater } from './target.ts';

/** Taken from the outbox at a time. */
const AT_A_TIME = 50;
/** A target that fails is left alone for a while, at most that long, however much is due to it. */
const MOST_PAUSE_SECONDS = 60;
/** Of a message: 5, 20, 80 … up to six hours, less up to half. */
const RETRY_SECONDS: BackoffBounds = { first: 5, max: 6 * 3_600, factor: 4 };

export interface DeliveryQueueWatch {
  delivered(target: string): void;
  /** `ofTarget`: not of its recipients, nor of what was to be sent. */
  failed(target: string, why: string, facts: { readonly dead: boolean; readonly ofTarget: boolean }): void;
}

interface DeliveryQueueDeps<D extends QueuedDelivery> {
  readonly target: string;
  readonly attempts: Attempts;
  readonly mostAttempts: number;
  /** Between attempts of one message, where it is not up to six hours. */
  readonly retrySeconds?: BackoffBounds;
  readonly outbox: DeliverySource<D>;
  /** `unknown_event`. */
  readonly write: (delivery: D) => NotificationMessage | Promise<NotificationMessage>;
  readonly contactsOf: (scopeId: string) => readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly leadership: Pick<Leadership, 'leads'>;
  readonly watch: DeliveryQueueWatch;
  readonly stopping: AbortSignal;
}

/** What goes to one target, one message after the other; other targets have lanes of their own. */
export class DeliveryQueue<D extends QueuedDelivery = NotificationDelivery> {
  readonly #deps: DeliveryQueueDeps<D>;
  readonly #retrySeconds: BackoffBounds;
  #running: Promise<void> | undefined;
  #stopped = false;
  #unsettled: SettledAttempt[] = [];
  /** In a row, of the target's own. */
  #failures = 0;
  #pausedUntil = 0;

  constructor(deps: DeliveryQueueDeps<D>) {
    this.#deps = deps;
    this.#retrySeconds = deps.retrySeconds ?? RETRY_SECONDS;
  }

  get target(): string {
    return this.#deps.target;
  }

  /** Begins nothing more; settles once what is being sent is settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Another process has sent since what this one could not write down: what became of it is that one's word. */
  forget(): void {
    this.#unsettled = [];
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
    const { outbox, target, clock } = this.#deps;
    let due: readonly D[];
    do {
      // While it cannot be written down that something was sent, nothing more is: it would be sent again and again.
      await this.#settle();
      if (this.#isHeld()) return;
      due = await outbox.due(target, clock.nowSeconds(), AT_A_TIME);
      await this.#deliverAll(due);
    } while (due.length === AT_A_TIME);
  }

  /** What is settled within one second is written down as one. */
  async #deliverAll(due: readonly D[]): Promise<void> {
    const { clock } = this.#deps;
    let since = clock.nowSeconds();
    try {
      for (const delivery of due) {
        if (this.#isHeld()) return;
        await this.#deliver(delivery);
        if (clock.nowSeconds() === since) continue;
        await this.#settle();
        since = clock.nowSeconds();
      }
    } finally {
      await this.#settle();
    }
  }

  #isHeld(): boolean {
    const { leadership, clock } = this.#deps;
    return this.#stopped || !leadership.leads() || clock.nowSeconds() < this.#pausedUntil;
  }

  async #settle(): Promise<void> {
    if (!this.#deps.leadership.leads()) this.forget();
    if (this.#unsettled.length === 0) return;
    await this.#deps.outbox.settle(this.#unsettled);
    this.#unsettled = [];
  }

  async #deliver(delivery: D): Promise<void> {
    const { target, watch, stopping } = this.#deps;
    const settled = (outcome: AttemptOutcome) => this.#unsettled.push({ id: delivery.id, outcome });
    try {
      const note = await this.#send(delivery);
      settled({ state: 'delivered', note: note ?? null });
      this.resume();
      watch.delivered(target);
    } catch (error) {
      // An attempt that the end of the process cut off is no failure of the target's.
      if (stopping.aborted) return;
      if (error instanceof KeywardError && error.code !== 'unknown_event') throw error;
      const outcome = this.#after(delivery, error);
      settled(outcome);
      const ofTarget = !(error instanceof RecipientRefused || error instanceof KeywardError);
      if (ofTarget) this.#pause();
      watch.failed(target, outcome.error, { dead: outcome.state === 'dead', ofTarget });
    }
  }

  #pause(): void {
    this.#failures += 1;
    this.#pausedUntil =
      this.#deps.clock.nowSeconds() + Math.min(MOST_PAUSE_SECONDS, this.#retryAfter(this.#failures));
  }

  async #send(delivery: D): Promise<string | undefined> {
    const { attempts, write, contactsOf } = this.#deps;
    const message = await write(delivery);
    const { contactsOf: scopeId } = delivery;
    if (scopeId === null) return await attempts.send(message, undefined);
    const to = contactsOf(scopeId);
    // Whoever was to be told is no contact any more.
    if (to.length === 0) return 'the scope has no contacts any more';
    return await attempts.send(message, to);
  }

  #after({ attempts }: D, cause: unknown): Exclude<AttemptOutcome, { state: 'delivered' }> {
    const { mostAttempts, clock } = this.#deps;
    const error = failureText(cause);
    const failed = attempts + 1;
    const lost = cause instanceof KeywardError;
    if (lost || failed >= mostAttempts) return { state: 'dead', error };
    const asked = cause instanceof TryLater ? Math.min(RETRY_SECONDS.max, cause.afterSeconds) : 0;
    const after = Math.max(asked, this.#retryAfter(failed));
    return { state: 'pending', nextAttemptAt: clock.nowSeconds() + after, error };
  }

  #retryAfter(failures: number): number {
    return Math.ceil(backoff(failures, this.#retrySeconds, this.#deps.random));
  }
}
