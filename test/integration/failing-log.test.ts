import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePorts } from '../support/free-port.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { COMMAND_LINE } from '../support/service-program.ts';
import { canMount, smallDisk, takeAllSpace } from '../support/small-disk.ts';

const PATIENCE = { timeout: 60_000, interval: 200 };

let service: RunningService;
let sign: string;
let ports: { data: number; operations: number };

beforeAll(async () => {
  service = await startService();
  ({ sign } = await service.provision({ id: 'payments' }));
  await service.stop();
  const [data = 0, operations = 0] = await freePorts(2);
  ports = { data, operations };
  const config = parse(readFileSync(service.configFile, 'utf8'));
  config.data_plane.port = ports.data;
  config.operations_plane.port = ports.operations;
  config.log = { level: 'debug' };
  writeFileSync(service.configFile, stringify(config));
}, 120_000);
afterAll(() => service.remove());

async function serving(stdout: number | 'pipe'): Promise<ChildProcess> {
  const argv = ['--disable-sigusr1', COMMAND_LINE, 'serve', '--config', service.configFile];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', stdout, 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect.poll(async () => (await get('/readyz')).status, PATIENCE).toBe(200);
  return child;
}

const origin = (plane: keyof typeof ports) => `http://127.0.0.1:${ports[plane]}`;

async function get(path: string, plane: keyof typeof ports = 'data') {
  const headers = { authorization: `Bearer ${service.operator}` };
  const asked = await fetch(`${origin(plane)}${path}`, plane === 'data' ? {} : { headers }).catch(
    () => undefined,
  );
  return { status: asked?.status ?? 0, body: (await asked?.text()) ?? '' };
}

async function issue(): Promise<number> {
  const { status } = await fetch(`${origin('data')}/v1/scopes/payments/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sign}`, 'content-type': 'application/json' },
    body: JSON.stringify({ claims: { sub: 'alice' } }),
  });
  return status;
}

/** Issues until lines are lost, and a while longer. */
async function issueUntilLost(): Promise<void> {
  await expect
    .poll(async () => {
      for (let token = 0; token < 50; token++) expect(await issue()).toBe(201);
      return await lost();
    }, PATIENCE)
    .toBeGreaterThan(0);
  for (let token = 0; token < 50; token++) expect(await issue()).toBe(201);
}

async function lost(): Promise<number> {
  const { body } = await get('/metrics', 'operations');
  return Number(/^keyward_log_lines_lost (\d+)$/m.exec(body)?.[1]);
}

async function eventTold(): Promise<void> {
  await expect
    .poll(async () => (await get('/v1/admin/events', 'operations')).body, PATIENCE)
    .toContain('log.failing');
}

async function endsBySigterm(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}

it.skipIf(!canMount())(
  'a full disk for the log costs lines, is counted and told, and costs no token',
  async () => {
    const disk = smallDisk();
    const log = openSync(join(disk, 'log'), 'a');
    const child = await serving(log);
    takeAllSpace(join(disk, 'ballast'));
    await issueUntilLost();
    await eventTold();
    expect((await get('/healthz')).status).toBe(200);
    rmSync(join(disk, 'ballast'));
    for (let token = 0; token < 10; token++) expect(await issue()).toBe(201);
    expect(readFileSync(join(disk, 'log'), 'utf8')).toContain('lines of the log were lost');
    await endsBySigterm(child);
  },
  180_000,
);

it('a reader of the log that is gone ends nothing', async () => {
  const child = await serving('pipe');
  child.stdout?.destroy();
  await issueUntilLost();
  await eventTold();
  await endsBySigterm(child);
}, 180_000);

it('a pipe that nobody reads costs lines, and SIGTERM ends the service all the same', async () => {
  const child = await serving('pipe');
  child.stdout?.pause();
  for (let token = 0; token < 1_000; token++) expect(await issue()).toBe(201);
  await endsBySigterm(child);
}, 180_000);
