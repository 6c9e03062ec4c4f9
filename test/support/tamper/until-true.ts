import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 150_000;
const BETWEEN_LOOKS_MS = 50;

/** Looks until it is so. Fails after minutes, for a machine that is busy. */
export async function untilTrue(look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`not so after minutes: ${look}`);
    await pause(BETWEEN_LOOKS_MS);
  }
}
