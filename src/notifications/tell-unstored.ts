import type { Logger } from 'pino';
import type { UnstoredEvent } from '../events/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { SecurityEvent } from '../kernel/security-events.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Attempts } from './attempt.ts';
import { DeliveryQueue, type DeliveryQueueWatch } from './delivery-queue.ts';
import { messageOptions, unstoredMessage } from './message.ts';
import { recipientsOfNew } from './plan.ts';
import type { NotificationTarget } from './target.ts';
import type { NotificationSettings } from './target-settings.ts';
import type { UnstoredOutbox } from './unstored-outbox.ts';

/** 5, 20, 80 seconds, then every five minutes, less up to half. */
const RETRY_SECONDS = { first: 5, max: 300, factor: 4 };

interface UnstoredTellerDeps {
  readonly settings: NotificationSettings;
  readonly targets: readonly NotificationTarget[];
  readonly memory: UnstoredOutbox;
  /** The scopes that the event is about and that have contacts. */
  readonly scopesToTell: (event: Pick<SecurityEvent, 'subject' | 'evidence'>) => readonly string[];
  readonly contactsOf: (scopeId: string) => readonly string[];
  readonly metrics: Pick<Metrics, 'notifications'>;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log: Logger;
  readonly stopping: AbortSignal;
}

/** Tells targets of critical events that the store does not take, past the outbox. */
export interface UnstoredTeller {
  /** Begins to send it at once. */
  tell(event: UnstoredEvent): void;
  /** Begins to send what is due, and waits for nothing. */
  send(): void;
  /** Begins nothing more; settles once what is being sent is settled. */
  stop(): Promise<void>;
}

/** This process alone knows of the event, so it sends whether it leads or not. */
const ALONE = { leads: () => true };

/** By one state of the settings, over a memory that outlives it. */
export function openUnstoredTeller(deps: UnstoredTellerDeps): UnstoredTeller {
  const { settings, targets, memory, scopesToTell, contactsOf, clock, log, stopping } = deps;
  const { random = Math.random } = deps;
  const watch = watchOf(deps);
  const queues = targets.map(
    (target) =>
      new DeliveryQueue({
        target: target.name,
        attempts: new Attempts(target, settings.deadline_ms, stopping),
        mostAttempts: settings.attempts,
        retrySeconds: RETRY_SECONDS,
        outbox: memory,
        write: (delivery) => unstoredMessage(delivery, messageOptions(settings, delivery.target, delivery)),
        contactsOf,
        clock,
        random,
        leadership: ALONE,
        watch,
        stopping,
      }),
  );
  const send = () => {
    for (const queue of queues) {
      queue.run().catch((err: unknown) => {
        log.error({ target: queue.target, err }, 'unrecorded security events held up; it is tried again');
      });
    }
  };
  return {
    tell(event) {
      memory.add(event, recipientsOfNew(event, settings, scopesToTell(event)), settings);
      send();
    },
    send,
    async stop() {
      await Promise.all(queues.map((queue) => queue.stop()));
    },
  };
}

/** What is given up is logged and counted by the memory, which knows the event. */
function watchOf({
  metrics: { notifications },
  log,
}: Pick<UnstoredTellerDeps, 'metrics' | 'log'>): DeliveryQueueWatch {
  return {
    delivered: (target) => notifications.inc({ target, outcome: 'delivered' }),
    failed(target, why, { dead }) {
      if (dead) return;
      notifications.inc({ target, outcome: 'failed' });
      log.warn({ target, why }, 'message of an unrecorded security event failed; it is tried again');
    },
  };
}
