import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyward as call } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let file: string;
let credentials: string;

beforeAll(async () => {
  service = await startService();
  file = join(service.hsm.folder, 'scopes.yaml');
  credentials = join(service.hsm.folder, 'credentials');
}, 120_000);

afterAll(() => service.remove());

const keyward = (...argv: string[]) =>
  call([...argv, '--url', service.operationsUrl, '--credential-file', join(service.hsm.folder, 'operator')]);
const write = (text: string) => writeFileSync(file, text);
/** Without what Keyward tells of it, a second later. */
const trail = async () =>
  (await service.operations('GET', '/v1/admin/audit?limit=1000')).body.events
    .map(({ type, subject }: { type: string; subject: string }) => `${type} ${subject}`)
    .filter((event: string) => !/^(?:security_event\.raised|inventory\.taken) /.test(event));

const SCOPES = `scopes:
  payments:
    issuer: https://login.example.com
    audience: https://payments.example.com
    policy: { max_ttl_seconds: 600 }
    contacts: [security@example.com]
  mail:
    issuer: https://login.example.com
    audience: mail
    algorithm: PS256
`;
const FILE = `${SCOPES}clients:
  login:
    description: Signs people in
    grants: { payments: [sign], mail: [sign] }
  portal:
    grants: { payments: [verify] }
`;

it('plans nothing where there is nothing, and all that a file names that is not there', async () => {
  write('');
  expect(await keyward('plan', '-f', file)).toEqual({ exitCode: 0, out: 'Nothing to do.\n', err: '' });
  write(FILE);
  const { exitCode, out } = await keyward('plan', '-f', file, '--json');
  const named = JSON.parse(out).changes.map(({ action, kind, id, member = '' }: Record<string, string>) =>
    `${action} ${kind} ${id} ${member}`.trim(),
  );
  expect([exitCode, named]).toEqual([
    2,
    [
      'create scope payments',
      'create scope mail',
      'create client login',
      'create client portal',
      'create grant login payments:sign',
      'create grant login mail:sign',
      'create grant portal payments:verify',
    ],
  ]);
});

it('makes nothing before it knows where the credentials shall go', async () => {
  expect(await keyward('apply', '-f', file)).toEqual({
    exitCode: 2,
    out: '',
    err: 'error: name a folder for the credentials of login, portal: --credentials DIR [usage]\n',
  });
  expect((await service.operations('GET', '/v1/admin/scopes')).body).toEqual({ scopes: [] });
});

it('makes what the file says, and a second time nothing', async () => {
  const first = await keyward('apply', '-f', file, '--credentials', credentials);
  expect([first.exitCode, first.err]).toEqual([0, '']);
  expect(first.out).toContain('7 done, 0 proposed, 0 waiting for those.');
  const before = await trail();
  expect(await keyward('apply', '-f', file)).toEqual({ exitCode: 0, out: 'Nothing to do.\n', err: '' });
  expect((await keyward('plan', '-f', file)).exitCode).toBe(0);
  expect(await trail()).toEqual(before);
});

it('writes credentials that work, for their owner alone, and shows none', async () => {
  expect(readdirSync(credentials).sort()).toEqual(['login.credential', 'portal.credential']);
  const login = join(credentials, 'login.credential');
  expect(statSync(login).mode & 0o777).toBe(0o600);
  const credential = readFileSync(login, 'utf8').trim();
  const asked = await service.data('POST', '/v1/scopes/payments/tokens', credential, {
    claims: { sub: 'alice' },
  });
  expect(asked.status).toBe(201);
});

it('exports what there is, and plans nothing for it', async () => {
  const { exitCode, out } = await keyward('export');
  expect(exitCode).toBe(0);
  write(out);
  expect((await keyward('plan', '-f', file)).out).toBe('Nothing to do.\n');
  write(out.replace('complete: false', 'complete: true'));
  expect((await keyward('plan', '-f', file)).out).toBe('Nothing to do.\n');
});

it('changes members and withdraws what a complete file leaves out', async () => {
  const shorter = SCOPES.replace('max_ttl_seconds: 600', 'max_ttl_seconds: 60');
  write(`complete: true\n${shorter}clients: { login: { grants: { payments: [sign] } } }`);
  const { exitCode, out, err } = await keyward('apply', '-f', file);
  expect(err).toBe('warning: scope payments, max_ttl_seconds: refuses 1 living token at once\n');
  expect([exitCode, out.split('\n')]).toEqual([
    0,
    [
      'OUTCOME       KIND    ID        MEMBER               CHANGE',
      'done     ~    scope   payments  max_ttl_seconds      600 → 60, refuses 1 living token at once',
      'done     ~    scope   payments  default_ttl_seconds  300 → 60',
      'done     -    grant   login     mail:sign',
      'done     -    client  portal                         revoked permanently',
      '',
      '4 done, 0 proposed, 0 waiting for those.',
      '',
    ],
  ]);
  expect((await trail()).slice(-3)).toEqual([
    'scope.changed scope:payments',
    'grant.withdrawn client:login',
    'client.revoked client:portal',
  ]);
});

it('changes nothing for a file with a mistake, and says where it is', async () => {
  write(FILE.replace('max_ttl_seconds', 'max_ttl_second').replace('audience: mail', 'audience: post'));
  const before = await trail();
  expect(await keyward('apply', '-f', file, '--credentials', credentials)).toEqual({
    exitCode: 1,
    out: '',
    err: `${file}:5:15: scopes.payments.policy.max_ttl_second is not known; did you mean max_ttl_seconds?
error: one thing is wrong in ${file}; nothing was changed [invalid_document]
`,
  });
  write(FILE.replace('audience: mail', 'audience: post'));
  expect((await keyward('apply', '-f', file, '--credentials', credentials)).err).toContain(
    `${file}:9:15: scopes.mail.audience: cannot change: this scope has "mail"; make another scope`,
  );
  expect(await trail()).toEqual(before);
});

it('says that the service is away, and does it once it is back', async () => {
  write(SCOPES.replace('[security@example.com]', '[]'));
  await service.stop();
  const away = await keyward('apply', '-f', file);
  expect([away.exitCode, away.out]).toEqual([3, '']);
  service = await service.restart();
  expect((await keyward('apply', '-f', file)).exitCode).toBe(0);
  expect((await keyward('apply', '-f', file)).out).toBe('Nothing to do.\n');
});
