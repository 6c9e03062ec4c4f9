import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { folderOfTest } from '../support/folder-of-test.ts';
import { freePorts } from '../support/free-port.ts';
import { startProgram } from '../support/program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const READY = 'Ctrl-C stops the service.';

const dev = (...argv: readonly string[]) =>
  startProgram('npm', ['run', '--silent', 'dev', '--', ...argv], { cwd: root });

it('npm run dev restarts the service when a source changes, and SIGINT ends all of it', async () => {
  const [data, operations] = await freePorts(2);
  const directory = join(folderOfTest(), 'service');
  const program = dev(
    ...['--directory', directory, '--data-port', `${data}`, '--operations-port', `${operations}`],
  );
  onTestFinished(async () => {
    program.child.kill('SIGINT');
    await program.ended;
  });
  await program.says(READY);
  utimesSync(join(root, 'src/lib/html.ts'), new Date(), new Date());
  await program.says(`keyward: keeping what is in ${directory}`);
  const restarted = () => program.output().split(READY).length === 3;
  await expect.poll(restarted, { timeout: 60_000 }).toBe(true);
  const ready = () => fetch(`http://127.0.0.1:${data}/readyz`).then(({ status }) => status);
  expect(await ready()).toBe(200);

  program.child.kill('SIGINT');
  expect((await program.ended).code).toBe(0);
  await expect(ready()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});

it('npm run dev does not reset a service at every change', async () => {
  const directory = join(folderOfTest(), 'service');
  expect(await dev('--directory', directory, '--reset', '--yes').ended).toEqual({
    code: 1,
    output: 'keyward: --watch would reset at every change: run ./scripts/start --reset first\n',
  });
});
