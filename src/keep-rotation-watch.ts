import type { Logger } from 'pino';
import type { TimeGuard } from './kernel/clock.ts';
import { startPeriodicTask } from './lib/periodic-task.ts';
import { createRotationWatch, type RotationWatchParts } from './keys/rotation-watch.ts';

interface RotationWatchKeeping extends RotationWatchParts {
  readonly timeGuard: TimeGuard;
  readonly log: Logger;
}

/** Looks at the windows every few seconds; by a clock that is doubted, nobody can say how full they are (I13). */
export function keepRotationWatch({ timeGuard, log, ...parts }: RotationWatchKeeping): {
  stop(): Promise<void>;
} {
  const lookAtWindows = createRotationWatch(parts);
  return startPeriodicTask({
    tick: async () => {
      timeGuard.requireSteadyTime();
      await lookAtWindows();
    },
    everyMs: 5_000,
    log,
    failure: 'windows not watched; it is tried again',
  });
}
