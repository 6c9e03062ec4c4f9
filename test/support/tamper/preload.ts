// Loaded into a service before its own code with `node --import`. SIGUSR2 runs every repeating timer once, at once:
// tests need not wait for the minute.
const repeating = new Map<unknown, () => void>();
const { setInterval: start, clearInterval: clear } = globalThis;

globalThis.setInterval = Object.assign(
  (callback: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
    const timer = start(callback, ms, ...values);
    repeating.set(timer, () => callback(...values));
    return timer;
  },
  start,
);
globalThis.clearInterval = (timer) => {
  repeating.delete(timer);
  clear(timer);
};
process.on('SIGUSR2', () => {
  for (const run of [...repeating.values()]) run();
});
