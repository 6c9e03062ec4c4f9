import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { COMMAND_LINE } from '../support/service-program.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.remove());

it('a second service on the same database does not start, and the first goes on', async () => {
  const argv = ['--disable-sigusr1', COMMAND_LINE, 'serve', '--config', service.configFile];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  expect(said).toContain('another process of Keyward has this database');
  expect((await service.data('GET', '/readyz')).status).toBe(200);
});

it('tells in its metrics where the keys are in their lives', async () => {
  await service.provision({ id: 'payments' });
  const metrics = await (await fetch(`${service.operationsUrl}/metrics`)).text();
  expect(metrics).toContain('keyward_keys{scope="payments",state="active"} 1');
  expect(metrics).toMatch(/^keyward_next_rotation_timestamp_seconds\{scope="payments"\} \d{10}$/m);
});
