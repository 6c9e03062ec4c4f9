import type { Logger } from 'pino';
import type { TimeGuard } from './domain/clock.ts';
import { createRotationWatch, type RotationWatchParts } from './watch/rotation-watch.ts';

const EVERY_MS = 5_000;

interface RotationWatchKeeping extends RotationWatchParts {
  readonly timeGuard: TimeGuard;
  readonly log: Logger;
}

/** Looks at the windows every few seconds; by a clock that is doubted, nobody can say how full they are (I13). */
export function keepRotationWatch({ timeGuard, log, ...parts }: RotationWatchKeeping): {
  stop(): Promise<void>;
} {
  const look = createRotationWatch(parts);
  let running: Promise<void> | undefined;
  let failing = false;

  const attempt = async (): Promise<void> => {
    try {
      timeGuard.requireSteadyTime();
      await look();
      failing = false;
    } catch (error) {
      if (!failing) log.error({ err: error }, 'windows not watched; it is tried again');
      failing = true;
    }
  };

  const timer = setInterval(() => {
    running ??= attempt().finally(() => {
      running = undefined;
    });
  }, EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
