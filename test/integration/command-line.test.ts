import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyward as call } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let client: string;

beforeAll(async () => {
  service = await startService();
  const { sign, verify } = await service.provision({ id: 'payments' });
  writeFileSync(at('operator-of-test'), `${service.operator}\norigin ${service.operationsUrl}\n`, {
    mode: 0o600,
  });
  writeFileSync(at('sign'), `${sign}\n`);
  writeFileSync(at('verify'), `${verify}\n`);
  client = service.dataUrl;
}, 120_000);

afterAll(() => service.remove());

const at = (name: string) => join(service.hsm.folder, name);
const keyward = (line: string, url = service.operationsUrl) =>
  call([...line.split(' '), '--url', url, '--credential-file', at('operator-of-test')]);

it('status looks at all of it, and finds nothing wrong with a service that has just started', async () => {
  const { exitCode, out, err } = await keyward('status --json');
  const { status, checks } = JSON.parse(out);
  const failing = checks.filter(({ level }: { level: string }) => level === 'fail');
  expect({ exitCode, err, failing, status: status === 'fail' }).toEqual({
    exitCode: 0,
    err: '',
    failing: [],
    status: false,
  });
  expect(checks.map(({ check }: { check: string }) => check)).toEqual(
    expect.arrayContaining(['ready', 'events', 'keys', 'proposals', 'checkpoint', 'review', 'drills']),
  );
});

it('whoami names the operator, and the data plane is told apart', async () => {
  expect((await keyward('whoami')).out).toContain(`service          ${service.operationsUrl}\n`);
  writeFileSync(at('elsewhere'), `${service.operator}\norigin ${client}\n`, { mode: 0o600 });
  const { exitCode, err } = await call([
    'scope',
    'list',
    '--url',
    client,
    '--credential-file',
    at('elsewhere'),
  ]);
  expect([exitCode, err]).toEqual([1, expect.stringContaining('is the data plane')]);
});

it('a token is issued, verified and explained by hand', async () => {
  const by = (name: string) => ['--data-url', client, '--client-credential', at(name)];
  const issued = await call(['token', 'issue', 'payments', '--subject', 'alice', ...by('sign')]);
  expect([issued.exitCode, issued.err]).toEqual([0, '']);
  writeFileSync(at('token'), issued.out);
  const verified = await call(['token', 'verify', 'payments', at('token'), ...by('verify')]);
  expect([verified.exitCode, verified.out]).toEqual([0, expect.stringContaining('valid      yes')]);
  const inspected = await keyward(`token inspect ${at('token')} --json`);
  const { scope, rules } = JSON.parse(inspected.out);
  // The commands of a test run at an instant of their own: what depends on it is left out.
  const ofTime = ['start', 'expiry'];
  const broken = rules.filter(
    ({ rule, holds }: { rule: string; holds: boolean }) => !holds && !ofTime.includes(rule),
  );
  expect([scope, broken]).toEqual(['payments', []]);
  const set = await fetch(`${client}/scopes/payments/jwks.json`);
  writeFileSync(at('jwks.json'), await set.text());
  const offline = await call(['token', 'inspect', at('token'), '--key-set', at('jwks.json')]);
  expect(offline.out).toMatch(/^ok +signature +by that key$/m);
});
