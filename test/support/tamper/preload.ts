// Loaded into a service before its own code with `node --import`. SIGUSR2 runs at once what the service does from time to
// time: every interval, and every timeout that keeps no process alive. Tests need not wait for the minute.
const waiting = new Map<unknown, () => void>();
const { setInterval: startInterval, clearInterval: clear, setTimeout: startTimeout } = globalThis;

globalThis.setInterval = Object.assign(
  (callback: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
    const timer = startInterval(callback, ms, ...values);
    waiting.set(timer, () => callback(...values));
    return timer;
  },
  startInterval,
);
globalThis.setTimeout = Object.assign(
  (callback: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
    const timer = startTimeout(() => {
      waiting.delete(timer);
      callback(...values);
    }, ms);
    const unref = timer.unref.bind(timer);
    timer.unref = () => {
      waiting.set(timer, () => {
        globalThis.clearTimeout(timer);
        callback(...values);
      });
      return unref();
    };
    return timer;
  },
  startTimeout,
);
globalThis.clearInterval = globalThis.clearTimeout = (timer) => {
  waiting.delete(timer);
  clear(timer);
};
process.on('SIGUSR2', () => {
  for (const run of [...waiting.values()]) run();
});
