import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 60_000;
const BETWEEN_LOOKS_MS = 50;

/** Looks until it is so. Fails after a minute. */
export async function untilTrue(look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`not so after a minute: ${look}`);
    await pause(BETWEEN_LOOKS_MS);
  }
}
