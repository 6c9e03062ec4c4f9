import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { TargetTest } from '../../kernel/notifications.ts';
import { Attempts } from '../../notifications/attempt.ts';
import { failureText } from './failure-text.ts';
import { testMessage } from '../../notifications/message.ts';
import type { NotificationTarget } from '../../notifications/target.ts';

export interface TargetTester {
  /** One test at a time, of one target or of all, side by side. `unknown_target`, `overloaded`. */
  test(target: string | undefined): Promise<readonly TargetTest[]>;
}

/** Each attempt has the deadline of any other, so the answer comes within it. */
export function createTargetTester(
  targets: readonly NotificationTarget[],
  deadlineMs: number,
  clock: Clock,
  stopping: AbortSignal,
): TargetTester {
  let running = false;
  const one = async (target: NotificationTarget): Promise<TargetTest> => {
    const { name, type } = target;
    const id = `msg_${randomBytes(18).toString('base64url')}`;
    try {
      await new Attempts(target, deadlineMs, stopping).send(testMessage(id, clock.nowSeconds()), undefined);
      return { target: name, type, ok: true, error: null };
    } catch (error) {
      return { target: name, type, ok: false, error: failureText(error) };
    }
  };
  return {
    async test(wanted) {
      const chosen = wanted === undefined ? targets : targets.filter(({ name }) => name === wanted);
      if (wanted !== undefined && chosen.length === 0) {
        throw new KeywardError(
          'unknown_target',
          'the configuration names no notification target of that name',
        );
      }
      if (running) {
        throw new KeywardError('overloaded', 'a test is under way; try again', { retryAfterSeconds: 5 });
      }
      running = true;
      try {
        return await Promise.all(chosen.map(one));
      } finally {
        running = false;
      }
    },
  };
}
