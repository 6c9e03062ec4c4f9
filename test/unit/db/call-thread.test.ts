import { describe, expect, it } from 'vitest';
import { CallThread } from '../../../src/db/call-thread.ts';

interface Asked {
  echo: { asks: string; answers: string };
  close: { asks: null; answers: null };
}

/** A worker that does that on each `message`, with its `port`. */
function threadThat(does: string, deadlineMs = 60_000) {
  const source = `import { parentPort as port } from 'node:worker_threads';
    port.on('message', (message) => { ${does} });`;
  const entry = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  return new CallThread<Asked>({ entry, settings: null, deadlineMs });
}

const ANSWERS = 'port.postMessage({ ok: true, answers: message.asks });';
const CLOSES = "if (message.call === 'close') port.close();";

describe('a thread that is asked', () => {
  it('is lost once it gives no answer in time', async () => {
    const thread = threadThat('', 50);
    await expect(thread.call('echo', 'never')).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { message: 'the thread gave no answer within 50 ms' },
    });
  });
});

describe('a thread that is stopped', () => {
  it('answers what it was asked before, and ends', async () => {
    const thread = threadThat(ANSWERS + CLOSES);
    const echo = thread.call('echo', 'before');
    await thread.stop();
    expect(await echo).toBe('before');
    expect(thread.exited).toBe(true);
    await expect(thread.call('echo', 'after')).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('is stopped for all who ask', async () => {
    const thread = threadThat(ANSWERS + CLOSES);
    await Promise.all([thread.stop(), thread.stop()]);
    await thread.stop();
    expect(thread.exited).toBe(true);
  });

  it('may end before it has closed anything', async () => {
    const thread = threadThat('process.exit();');
    await thread.stop();
    expect(thread.exited).toBe(true);
  });

  it('is ended where it does not answer', async () => {
    const thread = threadThat('', 50);
    await thread.stop();
    expect(thread.exited).toBe(true);
  });

  it('tells what it could not close, once it has ended', async () => {
    const refuses = "port.postMessage({ ok: false, failure: { message: 'busy', code: 5 } }); process.exit();";
    const thread = threadThat(refuses);
    await expect(thread.stop()).rejects.toMatchObject({ name: 'StoreFailure', message: 'busy' });
    expect(thread.exited).toBe(true);
  });
});
