import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { Client } from '../kernel/actor.ts';
import type { Clock } from '../kernel/clock.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { Subscribable } from '../lib/emitter.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import type { ActivityAggregator } from './activity.ts';
import { Detector } from './detector.ts';
import { DETECTIONS } from './rules.ts';
import { createDetectionMemories } from './store.ts';

export { ActivityAggregator, recordCallers } from './activity.ts';

interface DetectorRootDeps {
  readonly facts: ActivityAggregator;
  readonly store: Pick<Store, 'reader' | 'writer'>;
  readonly events: EventRaiser;
  readonly clientChanges: Subscribable<string>;
  readonly client: (id: string) => Client | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const POLL_EVERY_MS = 100;
const SAVE_EVERY_MS = 60_000;

/** All detections at work. `stop` writes down what they learned. */
export async function openDetector(deps: DetectorRootDeps) {
  const { facts, store, events, clientChanges, client, clock, log } = deps;
  const memories = createDetectionMemories(store.reader, store.writer, clock);
  const detector = await Detector.open({ detections: DETECTIONS, facts, events, memories });
  const stopTelling = clientChanges.subscribe((id) =>
    facts.record({
      kind: 'changed',
      at: clock.nowSeconds(),
      caller: `client:${id}`,
      revoked: client(id)?.revokedAt !== null,
    }),
  );
  const task = startPeriodicTask({
    tick: async () => detector.tick(),
    everyMs: POLL_EVERY_MS,
    log,
    failure: 'detections failed; they go on with what is new',
  });
  const saving = startPeriodicTask({
    tick: () => detector.save(),
    everyMs: SAVE_EVERY_MS,
    log,
    failure: 'what detections learned could not be kept; it is tried again',
  });
  return {
    gauges: { factsDropped: () => facts.dropped },
    async stop() {
      stopTelling();
      await Promise.all([task.stop(), saving.stop()]);
      detector.tick();
      await detector.save();
    },
  };
}
