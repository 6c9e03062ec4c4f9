import type { Actor } from '../kernel/actor.ts';
import type { AuditTrail } from '../domain/audit-trail.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { NotificationDelivery, NotificationDesk } from '../kernel/notifications.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import type { TargetTester } from '../watch/notifications/test-targets.ts';

export interface DeskParts {
  readonly outbox: Pick<NotificationDesk, 'list'> & {
    /** `unknown_delivery`. */
    find(id: number): Promise<NotificationDelivery>;
    /** Commits with its audit event. `delivery_not_dead`. */
    revive(id: number, actor: Actor): Promise<NotificationDelivery>;
  };
  readonly audit: AuditTrail;
  readonly tester: TargetTester;
  readonly lanes: readonly DeliveryQueue[];
}

/** What operators do with notifications; a target that took a test, or is to get a replay, is tried at once. */
export function createNotificationDesk({ outbox, audit, tester, lanes }: DeskParts): NotificationDesk {
  const laneOf = (name: string) => lanes.find(({ target }) => target === name);
  return {
    async test(target, { operatorId: actor, requestId }) {
      const tests = await tester.test(target);
      for (const { target: name, ok } of tests) if (ok) laneOf(name)?.resume();
      const reached = Object.fromEntries(tests.map(({ target: name, ok }) => [name, ok]));
      const details = { reached };
      await audit.record({
        type: 'notifications.tested',
        actor,
        subject: 'notifications',
        requestId,
        details,
      });
      return tests;
    },
    list: (query, page) => outbox.list(query, page),
    async replay(id, actor) {
      const lane = laneOf((await outbox.find(id)).target);
      if (!lane) {
        throw new KeywardError('unknown_target', 'the configuration no longer names the target of it');
      }
      const revived = await outbox.revive(id, actor);
      lane.resume();
      return revived;
    },
  };
}
