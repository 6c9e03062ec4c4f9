import type { Logger } from 'pino';

export interface Looking {
  readonly look: () => Promise<void>;
  readonly everyMs: number;
  readonly log: Logger;
  /** Logged at the first failure in a row. */
  readonly failure: string;
}

/** Looks again and again, one look at a time. */
export function keepLooking({ look, everyMs, log, failure }: Looking): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  let failing = false;

  const attempt = async (): Promise<void> => {
    try {
      await look();
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
