import type { Epoch } from './epoch.ts';
import type { Hsm } from './hsm.ts';

/** Well within the 30 seconds after which a YubiHSM drops an idle session. */
const PERIOD_MS = 10_000;

/** Touches the idle sessions, and tells the epoch when one has died. Does not keep the process alive. */
export function keepAlive(hsm: Hsm, epoch: Epoch): void {
  const pools = new Set([hsm.anchor, hsm.direct, hsm.concurrent]);
  const touch = () => {
    if (epoch.end) return;
    try {
      for (const pool of pools) pool.keepAlive();
    } catch (error) {
      epoch.failed('keeping the sessions alive', error);
    }
  };
  setInterval(touch, PERIOD_MS).unref();
}
