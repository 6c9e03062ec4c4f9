/** Time as the link sees it. Tests put their own in its place. */
export interface Timers {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Runs once after `ms`; the function returned cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits for the promise, but no longer than `ms`. */
export function within(timers: Timers, ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.after(ms, resolve);
    const done = () => {
      cancel();
      resolve();
    };
    promise.then(done, done);
  });
}
