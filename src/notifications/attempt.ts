import { randomBytes } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { heartbeatMessage, type NotificationMessage, oneLine } from './message.ts';
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

const MOST_CHARACTERS = 300;

/**
 * Why an attempt failed, to be kept and shown. Of what a mail server says only its code: its words may repeat
 * addresses.
 */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  const { command, responseCode, code } = error as Error & Readonly<Record<string, unknown>>;
  if (typeof command === 'string') {
    const status = typeof responseCode === 'number' ? ` with ${responseCode}` : '';
    return cut(`mail server: ${command} failed${status} (${String(code)})`);
  }
  // Where a name has several addresses, each of them failed.
  if (error instanceof AggregateError && error.errors.length > 0) return failureText(error.errors[0]);
  return cut(error.message);
}

function cut(text: string): string {
  return oneLine(text).slice(0, MOST_CHARACTERS);
}

interface HeartbeatDeps {
  readonly targets: readonly NotificationTarget[];
  /** Null for none. */
  readonly everySeconds: number | null;
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  readonly onFailure: (target: string, why: string) => void;
}

/**
 * Sends each target a sign of life, past the outbox: whoever empties that cannot silence it. It is due when a
 * multiple of the interval since the epoch has passed, so a restart needs no memory of the last one. One that failed
 * is sent again with the next look.
 */
export function createHeartbeat(deps: HeartbeatDeps): () => Promise<void> {
  const { targets, everySeconds, deadlineMs, clock, stopping, onFailure } = deps;
  if (everySeconds === null) return async () => {};
  const period = () => Math.floor(clock.nowSeconds() / everySeconds);
  const started = period();
  const lives = targets.map((target) => {
    const attempts = new Attempts(target, deadlineMs, stopping);
    let sentIn = started;
    return async () => {
      const due = period();
      if (due <= sentIn) return;
      const id = `msg_${randomBytes(18).toString('base64url')}`;
      try {
        await attempts.send(heartbeatMessage(id, clock.nowSeconds(), everySeconds), undefined);
        sentIn = due;
      } catch (error) {
        onFailure(target.name, failureText(error));
      }
    };
  });
  return async () => {
    await Promise.all(lives.map((send) => send()));
  };
}
