import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { Attempts } from '../../notifications/attempt.ts';
import { failureText } from './failure-text.ts';
import { heartbeatMessage } from '../../notifications/message.ts';
import type { NotificationTarget } from '../../notifications/target.ts';

export interface HeartbeatParts {
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
export function createHeartbeat(parts: HeartbeatParts): () => Promise<void> {
  const { targets, everySeconds, deadlineMs, clock, stopping, onFailure } = parts;
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
