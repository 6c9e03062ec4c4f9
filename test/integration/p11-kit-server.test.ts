import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Program, startProgram } from '../support/program.ts';
import { type RunningService, startService } from '../support/running-service.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const CLIENT = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/pkcs11/p11-kit-client.so`)
  .find(existsSync);
const SERVER = ['/usr/bin/p11-kit', '/usr/local/bin/p11-kit'].find(existsSync);
const PATIENCE = { timeout: 60_000, interval: 200 };
const compose = parse(readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8'), {
  merge: true,
});

let service: RunningService;
let server: Program;
let credentials: { sign: string; verify: string };
const socket = () => join(service.hsm.folder, 'p11');

/** The command of docker-compose.yml, at this test's socket, for this test's token. */
function startServer(): Program {
  const [program = '', ...argv]: string[] = compose.services.hsm.command;
  const own = argv.map((each) =>
    each.replaceAll('/run/p11/hsm', socket()).replace('token=keyward-development', 'token=keyward-test'),
  );
  return startProgram(program, own, {
    cwd: service.hsm.folder,
    env: { ...process.env, ...service.hsm.environment },
  });
}

/** As when its container ends: it has a process for each who is connected. */
async function endServer(): Promise<void> {
  const { pid } = server.child;
  const connected = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  for (const each of [pid ?? 0, ...connected.map(Number)]) process.kill(each, 'SIGKILL');
  await server.ended;
}

const issue = async () => {
  const path = '/v1/scopes/payments/tokens';
  return (await service.data('POST', path, credentials.sign, { claims: { sub: 'alice' } })).status;
};

describe.skipIf(!CLIENT || !SERVER)('an HSM behind `p11-kit server` (skipped without p11-kit)', () => {
  beforeAll(async () => {
    service = await startService();
    credentials = await service.provision({ id: 'payments' });
    await service.stop();
    const config = parse(readFileSync(service.configFile, 'utf8'));
    config.hsm.module = CLIENT;
    config.hsm.environment = { P11_KIT_SERVER_ADDRESS: `unix:path=${socket()}` };
    writeFileSync(service.configFile, stringify(config));
    server = startServer();
    await vi.waitUntil(() => existsSync(socket()), PATIENCE);
    service = await service.restart();
  });
  afterAll(async () => {
    await service?.remove();
    if (server) await endServer();
  });

  it('signs and verifies', async () => {
    await expect.poll(issue, PATIENCE).toBe(201);
    const path = '/v1/scopes/payments/tokens';
    const { body } = await service.data('POST', path, credentials.sign, { claims: { sub: 'alice' } });
    const verdict = await service.data('POST', '/v1/scopes/payments/verify', credentials.verify, {
      token: body.token,
    });
    expect(verdict.body.valid).toBe(true);
  });

  it('is away while the server is, and comes back by itself', async () => {
    await endServer();
    await expect.poll(issue, PATIENCE).toBe(503);
    expect((await service.data('GET', '/readyz/verify')).status).toBe(200);
    // It left its socket: the command takes that away first.
    expect(existsSync(socket())).toBe(true);
    server = startServer();
    await expect.poll(issue, PATIENCE).toBe(201);
  });
});
