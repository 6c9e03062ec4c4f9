import { closeSync } from 'node:fs';
import { lockFile } from './file-lock.ts';

/**
 * One attempt at a time, in whichever processes: two that read the latch side by side would each try the PIN
 * (I9). `hsm_unavailable` where another one is still at it.
 */
export function inPinTurn<T>(latchFile: string, attempt: () => T): T {
  const file = lockFile(`${latchFile}.lock`, 'login');
  try {
    return attempt();
  } finally {
    closeSync(file);
  }
}
