import { setTimeout as pause } from 'node:timers/promises';
import type { Clients } from './clients.ts';
import type { Run } from './run.ts';

/** Up to so long: many times what a commit takes. */
const LOAD_MS = 200;
/** A service that gives no token for so long does not serve. */
const PATIENCE_MS = 30_000;

/** Settles at a random moment after the first token; with a finding where none comes. */
export async function loadForAWhile({ random, figures }: Run, { firstToken }: Clients): Promise<void> {
  const patience = new AbortController();
  const lost = pause(PATIENCE_MS, true, { signal: patience.signal }).catch(() => false);
  const isLost = await Promise.race([firstToken.then(() => false), lost]);
  patience.abort();
  if (isLost) figures.add([`no token within ${PATIENCE_MS / 1_000} s`]);
  await pause(random() * LOAD_MS);
}
