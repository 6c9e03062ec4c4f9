import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';

/** Asks a thread that answers late, and says what it answers. */
const ASKING = `
  import { CallThread } from '${new URL('../../../src/db/call-thread.ts', import.meta.url)}';
  const source = "import { parentPort as port } from 'node:worker_threads';" +
    "port.on('message', ({ asks }) => setTimeout(() => port.postMessage({ ok: true, answers: asks }), 300));";
  const entry = new URL('data:text/javascript,' + encodeURIComponent(source));
  const thread = new CallThread({ entry, settings: null, deadlineMs: 4_000 });
  await thread.call('echo', 'begun');
  const answer = thread.call('echo', 'answered');
  console.log('asked');
  console.log(await answer.catch(({ code }) => code));
  process.exit();
`;

it('gives a thread its time once more where the process was stopped meanwhile', async () => {
  const asking = spawn(process.execPath, ['--input-type=module', '--eval', ASKING], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  for await (const line of createInterface(asking.stdout)) {
    said.push(line);
    if (line !== 'asked') continue;
    asking.kill('SIGSTOP');
    // Longer than the call may take, and than a timer may be late.
    await pause(5_500);
    asking.kill('SIGCONT');
  }
  expect(said).toEqual(['asked', 'answered']);
});
