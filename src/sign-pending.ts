import type { Logger } from 'pino';
import type { Store } from './db/open-store.ts';

const EVERY_MS = 1_000;

/** Signs what an emergency wrote without the HSM, as soon as the HSM is there. Answers how to stop. */
export function signPending(store: Pick<Store, 'signPending'>, log: Logger): () => Promise<void> {
  let failing = false;
  let running: Promise<void> = Promise.resolve();
  const attempt = async () => {
    try {
      const rows = await store.signPending();
      if (rows > 0) log.info({ rows }, 'registry rows signed that had been changed without the HSM');
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'registry rows wait for their signature; it is tried again');
      failing = true;
    }
  };
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    running = attempt().finally(() => {
      idle = true;
    });
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
