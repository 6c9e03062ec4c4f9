import { readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

const linux = it.runIf(process.platform === 'linux');

linux('gives way in its own thread alone', async () => {
  const before = getPriority();
  const entry = new URL('../../../src/db/walk-chains.ts', import.meta.url).href;
  const code = `
    const { lowerPriority } = await import(${JSON.stringify(entry)});
    const { getPriority } = await import('node:os');
    const { parentPort } = await import('node:worker_threads');
    lowerPriority();
    parentPort.postMessage(getPriority());`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [own, main] = await new Promise<[number, number]>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (priority: number) => resolve([priority, niceOf(process.pid)]));
  });
  await worker.terminate();
  expect([own, main]).toEqual([constants.priority.PRIORITY_LOW, before]);
});

/** As the kernel tells it of the main thread. */
function niceOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}
