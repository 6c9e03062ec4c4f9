import type { NotificationMessage } from './message.ts';
import type { NotificationTarget } from './target.ts';

/** Sends to one target, and gives up on one that hangs: until it lets go, further attempts fail at once. */
export class Attempts {
  readonly #target: NotificationTarget;
  readonly #deadlineMs: number;
  readonly #stopping: AbortSignal;
  #hanging = false;

  constructor(target: NotificationTarget, deadlineMs: number, stopping: AbortSignal) {
    this.#target = target;
    this.#deadlineMs = deadlineMs;
    this.#stopping = stopping;
  }

  /** Settles within the deadline, whatever the target does; as `send` of the target. */
  async send(message: NotificationMessage, to: readonly string[] | undefined): Promise<string | undefined> {
    if (this.#hanging) throw new Error('an earlier attempt still hangs');
    this.#hanging = true;
    const signal = AbortSignal.any([this.#stopping, AbortSignal.timeout(this.#deadlineMs)]);
    const sending = this.#target.send(message, to, signal).finally(() => {
      this.#hanging = false;
    });
    return await Promise.race([sending, cutOff(signal, `no answer within ${this.#deadlineMs} ms`)]);
  }
}

function cutOff(signal: AbortSignal, why: string): Promise<never> {
  return new Promise((_, reject) => {
    const give = () => reject(new Error(why));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
