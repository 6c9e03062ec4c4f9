import { randomBytes } from 'node:crypto';
import { type AuditTrail, actOf } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { Attempts, failureText } from './attempt.ts';
import type { NotificationService, StoredNotifications, TargetTest } from './delivery.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { testMessage } from './message.ts';
import type { NotificationTarget } from './target.ts';

interface TargetTester {
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

interface NotificationServiceDeps {
  readonly outbox: Pick<StoredNotifications, 'list' | 'find' | 'revive'>;
  readonly audit: AuditTrail;
  readonly tester: TargetTester;
  readonly queues: readonly DeliveryQueue[];
}

/** What operators do with notifications; a target that took a test, or is to get a replay, is tried at once. */
export function createNotificationService({
  outbox,
  audit,
  tester,
  queues,
}: NotificationServiceDeps): NotificationService {
  const laneOf = (name: string) => queues.find(({ target }) => target === name);
  return {
    async test(target, actor) {
      const tests = await tester.test(target);
      for (const { target: name, ok } of tests) if (ok) laneOf(name)?.resume();
      const reached = Object.fromEntries(tests.map(({ target: name, ok }) => [name, ok]));
      await audit.record(actOf(actor, 'notifications.tested', 'notifications', { reached }));
      return tests;
    },
    list: (query, page) => outbox.list(query, page),
    async replay(id, actor) {
      const queue = laneOf((await outbox.find(id)).target);
      if (!queue) {
        throw new KeywardError('unknown_target', 'the configuration no longer names the target of it');
      }
      const revived = await outbox.revive(id, actor);
      queue.resume();
      return revived;
    },
  };
}
