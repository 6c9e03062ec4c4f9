// Starts a server for the tests of a run, and ends it with the process named.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPrimary } from './server.ts';
import type { Kept } from './shared-server.ts';

const [meeting = '', vitest] = process.argv.slice(2);
const answer = (kept: Kept) => {
  writeFileSync(join(meeting, 'writing'), JSON.stringify(kept));
  renameSync(join(meeting, 'writing'), join(meeting, 'kept.json'));
};
try {
  const server = await startPrimary();
  answer({ folder: server.folder });
  while (isAlive()) await sleep(300);
  await server.remove();
} catch (error) {
  answer({ failed: String(error) });
  while (isAlive()) await sleep(300);
}
rmSync(meeting, { recursive: true, force: true });

function isAlive(): boolean {
  try {
    return process.kill(Number(vitest), 0);
  } catch {
    return false;
  }
}
