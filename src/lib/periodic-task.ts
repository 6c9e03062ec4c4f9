import type { Logger } from 'pino';

export interface PeriodicTask {
  readonly tick: () => Promise<void>;
  readonly everyMs: number;
  readonly log: Logger;
  /** Logged at the first failure in a row. */
  readonly failure: string;
}

export interface RunningTask {
  /** Settles once a tick that has begun is over. */
  stop(): Promise<void>;
}

/** Runs `tick` at the interval, one at a time: a tick that is due while another runs is left out. */
export function startPeriodicTask({ tick, everyMs, log, failure }: PeriodicTask): RunningTask {
  let running: Promise<void> | undefined;
  let failing = false;

  const attempt = async (): Promise<void> => {
    try {
      await tick();
      failing = false;
    } catch (error) {
      if (!failing) log.error({ err: error }, failure);
      failing = true;
    }
  };

  const timer = setInterval(() => {
    running ??= attempt().finally(() => {
      running = undefined;
    });
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
