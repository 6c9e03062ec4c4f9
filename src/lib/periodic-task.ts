import type { Logger } from 'pino';

interface PeriodicTask {
  readonly tick: () => Promise<void>;
  /** From the end of one tick to the next. */
  readonly everyMs: number;
  /** Before the first tick, where it is not `everyMs`. */
  readonly firstMs?: number;
  /** After a tick that failed, where it is not `everyMs`. */
  readonly retryMs?: number;
  readonly log: Logger;
  /** Logged at the first failure in a row. */
  readonly failure: string;
  /** Logged at the first tick that works again. */
  readonly recovery?: string;
}

export interface RunningTask {
  /** Brings the next tick forward to within that time. While one runs, the time counts from its end. */
  soon(withinMs: number): void;
  /** Settles once a tick that has begun is over. */
  stop(): Promise<void>;
}

/** Runs `tick` again and again, one at a time, and keeps no process alive. */
export function startPeriodicTask(task: PeriodicTask): RunningTask {
  const { tick, everyMs, firstMs = everyMs, retryMs = everyMs, log, failure, recovery } = task;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let running: Promise<void> | undefined;
  let soonMs = Infinity;
  let failing = false;
  let stopped = false;

  const attempt = async (): Promise<void> => {
    try {
      await tick();
      if (failing && recovery !== undefined) log.info(recovery);
      failing = false;
    } catch (error) {
      if (!failing) log.error({ err: error }, failure);
      failing = true;
    }
  };
  const run = async (): Promise<void> => {
    dueAt = Infinity;
    soonMs = Infinity;
    await attempt();
    running = undefined;
    schedule(Math.min(soonMs, failing ? retryMs : everyMs));
  };
  const schedule = (inMs: number): void => {
    const at = performance.now() + inMs;
    if (stopped || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => {
      // Not in this turn: a tick may ask for the next before it first waits.
      running = Promise.resolve().then(run);
    }, inMs);
    timer.unref();
  };

  schedule(firstMs);
  return {
    soon(withinMs) {
      if (running) soonMs = Math.min(soonMs, withinMs);
      else schedule(withinMs);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
