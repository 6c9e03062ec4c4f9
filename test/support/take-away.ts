import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SoftHsm } from './softhsm.ts';

/** SoftHSM shows an empty token folder, as when its disk is away; it is back at the latest when the test ends. */
export function takeAway({ folder, tokenFolder }: SoftHsm): () => void {
  renameSync(tokenFolder, join(folder, 'aside'));
  mkdirSync(tokenFolder);
  let away = true;
  const bringBack = () => {
    if (!away) return;
    away = false;
    rmSync(tokenFolder, { recursive: true });
    renameSync(join(folder, 'aside'), tokenFolder);
  };
  onTestFinished(bringBack);
  return bringBack;
}
