import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const ATTEMPTS = 100;
const BETWEEN_LOOKS_MS = 100;

/** A signer ends when its front does: one that is still there goes on with the keys, and nobody sees to it. */
export async function awaitEnd(pids: ReadonlySet<number>): Promise<string[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (![...pids].some(isSigner)) return [];
    await pause(BETWEEN_LOOKS_MS);
  }
  return [...pids].filter(isSigner).map((pid) => `signer ${pid} outlived its front`);
}

/** The number may be another process's by now. */
function isSigner(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('signer/process.ts');
  } catch {
    return false;
  }
}
