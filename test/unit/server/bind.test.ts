import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { bind } from '../../../src/server/bind.ts';

/** More than wait by default. */
const CALLERS = 700;
/** Whoever is not let in asks again after 1 s, 3 s and 7 s. */
const MOST_MS = 30_000;

/** Opens connections, and counts those that the system has let in. */
const OPENING = `
  import { connect } from 'node:net';
  import { workerData } from 'node:worker_threads';
  const { port, callers, memory } = workerData;
  const open = new Int32Array(memory);
  for (let n = 0; n < callers; n += 1)
    connect(port, '127.0.0.1', () => {
      if (Atomics.add(open, 0, 1) + 1 === callers) Atomics.store(open, 1, 1), Atomics.notify(open, 1);
    });`;

it('lets in hundreds of callers at once while the service is busy', async () => {
  const server = createServer((socket) => socket.on('error', () => {}));
  onTestFinished(() => void server.close());
  const port = await bind(server, { host: '127.0.0.1', port: 0 });
  const open = new Int32Array(new SharedArrayBuffer(8));
  const opening = new Worker(new URL(`data:text/javascript,${encodeURIComponent(OPENING)}`), {
    workerData: { port, callers: CALLERS, memory: open.buffer },
  });
  onTestFinished(async () => void (await opening.terminate()));
  // The event loop, which would accept them, stands still meanwhile.
  Atomics.wait(open, 1, 0, MOST_MS);
  expect(open[0]).toBe(CALLERS);
});
