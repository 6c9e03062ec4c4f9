import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { makeCertificates } from '../support/certificates.ts';
import { keyward } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { COMMAND_LINE } from '../support/service-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HUPS = 100;
const WORKERS = 6;
const LEAST_EACH = 60;
/** As long as it takes: the machine may be busy. */
const PATIENT = { timeout: 60_000, interval: 100 };

interface Stage {
  readonly service: RunningService;
  readonly folder: string;
  readonly port: number;
}

async function start(): Promise<Stage> {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  makeCertificates(folder.path);
  const tls = { cert_file: join(folder.path, 'server.pem'), key_file: join(folder.path, 'server.key') };
  const service = await startService({ config: { data_plane: { port: 0, tls } } });
  onTestFinished(() => service.remove());
  return { service, folder: folder.path, port: Number(new URL(service.dataUrl).port) };
}

/** A new certificate for the same address, key first: for a moment the two do not fit. */
function renew({ folder }: Stage, times: number): void {
  const at = (name: string) => join(folder, name);
  const files = ['-keyout', at('new.key'), '-out', at('new.pem'), '-subj', `/CN=renewed-${times}`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...files], { stdio: 'pipe' });
  copyFileSync(at('new.key'), at('server.key'));
  copyFileSync(at('new.pem'), at('server.pem'));
}

function served({ port }: Stage): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve([socket.getPeerCertificate().subject.CN].flat()[0]);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

function issue(port: number, credential: string, agent: Agent | false): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        agent,
        rejectUnauthorized: false,
        method: 'POST',
        path: '/v1/scopes/payments/tokens',
        headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      },
      (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asked.once('error', reject);
    asked.end('{"claims":{"sub":"user"}}');
  });
}

test('certificates are renewed under load, and a hundred signals come, without a failed request', async () => {
  const stage = await start();
  const { service, port } = stage;
  const { sign } = await service.provision({
    id: 'payments',
    issuer: 'https://login.example.com',
    audience: 'https://payments.example.com',
  });
  let done = false;
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const outcomes = new Map<string, number>();
  const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const workers = Array.from({ length: WORKERS }, async (_, worker) => {
    for (let sent = 0; sent < LEAST_EACH || !done; sent += 1) {
      const asked = issue(port, sign, worker % 2 === 0 ? agent : false);
      count(await asked.then(String, (error: NodeJS.ErrnoException) => error.code ?? error.message));
    }
  });
  for (let times = 1; times <= 3; times += 1) {
    renew(stage, times);
    for (let hups = 0; hups < HUPS / 4; hups += 1) service.process.kill('SIGHUP');
    await expect.poll(() => served(stage), PATIENT).toBe(`renewed-${times}`);
  }
  for (let hups = 0; hups < HUPS / 4; hups += 1) {
    service.process.kill('SIGHUP');
    await pause(5);
  }
  // By itself.
  renew(stage, 4);
  await expect.poll(() => served(stage), PATIENT).toBe('renewed-4');
  done = true;
  await Promise.all(workers);
  expect([...outcomes.keys()]).toEqual(['201']);
  expect(outcomes.get('201')).toBeGreaterThanOrEqual(WORKERS * LEAST_EACH);
  expect(service.process.exitCode).toBeNull();
});

test('a reload changes what it can and says the rest; what is bad leaves all as it was', async () => {
  const stage = await start();
  const { service, folder } = stage;
  const configure = (change: (config: Record<string, object>) => void) => {
    const config = parse(readFileSync(service.configFile, 'utf8'));
    change(config);
    writeFileSync(service.configFile, stringify(config));
  };
  const reload = () =>
    keyward([
      'reload',
      '--url',
      service.operationsUrl,
      '--credential-file',
      join(service.hsm.folder, 'operator'),
    ]);
  const told = join(folder, 'events.jsonl');
  configure((config) => {
    config.log = { level: 'debug' };
    config.limits = { client_requests_per_second: 1 };
    config.notifications = { targets: { siem: { type: 'file', file: told } } };
    config.database = { file: 'other.db' };
  });
  const changed = await reload();
  expect(changed.exitCode).toBe(1);
  expect(changed.out).toContain('log.level');
  expect(changed.out).toContain('database.file takes a restart; the service goes on with what it had');
  // The event of this very reload is the first that the new target gets.
  await expect.poll(() => readIfThere(told), PATIENT).toContain('service.reload_refused');
  configure((config) => {
    delete config.database;
  });
  expect(await reload()).toMatchObject({ exitCode: 0, out: 'read again; nothing else has changed\n' });

  copyFileSync(join(folder, 'foreign.key'), join(folder, 'server.key'));
  const refused = await reload();
  expect(refused.exitCode).toBe(1);
  expect(refused.err).toMatch(/is not the key of the certificate in .* \[reload_refused\]/);
  expect(await served(stage)).toBe('server');
  const reloads = () =>
    readIfThere(join(service.hsm.folder, 'audit.jsonl'))
      .split('\n')
      .filter((line) => line.includes('service.reloaded')).length;
  await expect.poll(reloads, PATIENT).toBe(2);
});

test('an expired certificate is told once, and other changes are taken over beside it', async () => {
  const stage = await start();
  const { service, folder } = stage;
  await service.stop();
  const at = (name: string) => join(folder, name);
  const files = ['-in', at('server.pem'), '-signkey', at('server.key'), '-out', at('server.pem')];
  execFileSync('openssl', ['x509', ...files, '-days', '-1'], { stdio: 'pipe' });
  const expired = await service.restart();
  onTestFinished(() => expired.remove());
  const told = async () => {
    const { body } = await expired.operations('GET', '/v1/admin/events?type=service.certificate_expiring');
    return body.events.map(({ severity, subject }: Record<string, unknown>) => [severity, subject]);
  };
  await expect.poll(told, PATIENT).toEqual([['critical', 'plane:data']]);
  const config = parse(readFileSync(expired.configFile, 'utf8'));
  writeFileSync(expired.configFile, stringify({ ...config, log: { level: 'debug' } }));
  expect(await expired.operations('POST', '/v1/admin/reload')).toMatchObject({
    status: 200,
    body: { changed: ['log.level'], refused: [] },
  });
  renew(stage, 1);
  expect((await expired.operations('POST', '/v1/admin/reload')).body.changed).toEqual(['certificates']);
});

test('a signal ends the service at no time: not while it starts, and not while it drains', async () => {
  const { service } = await start();
  await service.stop();
  const argv = ['--disable-sigusr1', COMMAND_LINE, 'serve', '--config', service.configFile];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(line).msg);
    child.kill('SIGHUP');
    if (lines.at(-1) === 'operations plane listens') child.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
  expect(lines).toContain('keyward starts');
  expect(lines.slice(lines.indexOf('draining'))).toContain('SIGHUP ignored: the service is stopping');
  expect(lines).toContain('stopped');
});

test('front and signer go by the variables of the environment', async () => {
  const { service } = await start();
  await service.stop();
  const config = parse(readFileSync(service.configFile, 'utf8'));
  const { pin_file } = config.hsm;
  writeFileSync(service.configFile, stringify({ ...config, hsm: { ...config.hsm, pin_file: 'nowhere' } }));
  const restarted = await service.restart({ environment: { KEYWARD_HSM__PIN_FILE: pin_file } });
  expect(await restarted.logged(({ msg }) => msg === 'signer ready')).toBeDefined();
  expect(await restarted.stop()).toBe(0);
});

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
