import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCredential } from '../../../src/kernel/credential.ts';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const canary = {
  id: '3f0c9a6e2b7d4185',
  kind: 'token',
  planted: 'a wiki page',
  scope: 'payments',
  created_by: 'ada',
  created_at: NOW - 60,
  retired_at: null,
};
const HUMAN = [
  'id       3f0c9a6e2b7d4185',
  'kind     token',
  'planted  a wiki page',
  'scope    payments',
  'created  2026-11-23 19:59:00Z (1 minute ago) by ada',
  'retired  -',
  '',
];

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
const claims = join(folder.path, 'claims.json');
let stub: Awaited<ReturnType<typeof operationsStub>>;
let created: { canary: object; token?: string };
let file: string;
let files = 0;

beforeAll(async () => {
  writeFileSync(claims, '{"department": "treasury", "sub": "somebody"}');
  created = { canary };
  stub = await operationsStub({
    'POST /canaries': [201, created],
    'GET /canaries': [200, { canaries: [canary, { ...canary, id: 'c2', scope: null, retired_at: NOW }] }],
    'GET /canaries/c2': [200, { canary }],
    'POST /canaries/c2/retire': [200, { canary: { ...canary, retired_at: NOW } }],
  });
  writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.length = 0;
  delete created.token;
  files += 1;
  file = join(folder.path, `decoy-${files}`);
});

const keyward = (...argv: string[]) =>
  call(['canary', ...argv, '--url', stub.url, '--credential-file', credentialFile]);

describe('keyward canary create', () => {
  it.each([
    [[], 'svc'],
    [['--plane', 'operations'], 'ops'],
  ])('makes a credential here, and tells its digest alone: %j', async (plane, kind) => {
    const { exitCode, out, err } = await keyward(
      'create',
      'credential',
      '--planted',
      'x',
      ...plane,
      '--out',
      file,
    );
    expect([exitCode, err, out]).toEqual([0, '', [...HUMAN, `It is in ${file}.`, ''].join('\n')]);
    const [text = '', origin] = readFileSync(file, 'utf8').split('\n');
    // As in the file of a real one.
    expect(origin).toBe(kind === 'ops' ? `origin ${stub.url}` : '');
    const credential = readCredential(text);
    if (credential === 'malformed') throw new Error('no credential was stored');
    expect([credential.kind, statSync(file).mode & 0o777]).toEqual([kind, 0o600]);
    const credential_digest = credential.digest.toString('base64url');
    expect(stub.seen.map(({ body }) => body)).toEqual([
      { kind: 'credential', planted: 'x', credential_digest },
    ]);
  });

  it('stores the token that the service made, and shows it to nobody', async () => {
    created.token = 'h.c.s';
    const of = ['--scope', 'payments', '--client', 'checkout', '--subject', 'nobody', '--ttl', '60'];
    const argv = ['create', 'token', '--planted', 'x', ...of, '--claims', claims, '--out', file];
    const { exitCode, out } = await keyward(...argv, '--json');
    expect([exitCode, JSON.parse(out)]).toEqual([0, { canary, file }]);
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['h.c.s\n', 0o600]);
    expect(stub.seen.map(({ body }) => body)).toEqual([
      {
        kind: 'token',
        planted: 'x',
        scope: 'payments',
        client: 'checkout',
        claims: { department: 'treasury', sub: 'nobody' },
        ttl_seconds: 60,
      },
    ]);
  });

  it('has a key made in the HSM', async () => {
    const { exitCode, out } = await keyward('create', 'key', '--planted', 'x', '--scope', 'payments');
    expect([exitCode, out]).toEqual([0, HUMAN.join('\n')]);
    expect(stub.seen.map(({ body }) => body)).toEqual([{ kind: 'key', planted: 'x', scope: 'payments' }]);
  });

  it.each([
    [['password', '--planted', 'x'], 'credential, token, key'],
    [['credential', '--out', 'x'], '--planted'],
    [['credential', '--planted', 'x'], 'a credential needs --out'],
    [['token', '--planted', 'x', '--scope', 'payments'], 'a token needs --out, --client, --subject'],
    [['key', '--planted', 'x'], 'a key needs --scope'],
  ])('takes %j for wrong usage', async (argv, says) => {
    const { exitCode, err } = await keyward('create', ...argv);
    expect([exitCode, err]).toEqual([2, expect.stringContaining(says)]);
    expect(stub.seen).toEqual([]);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[1]'],
  ])('takes claims that are %s for wrong usage, and leaves no file', async (_, text) => {
    const wrong = join(folder.path, 'wrong.json');
    writeFileSync(wrong, text);
    const of = ['--scope', 'payments', '--client', 'checkout', '--subject', 'nobody'];
    const { exitCode } = await keyward(
      'create',
      'token',
      '--planted',
      'x',
      ...of,
      '--claims',
      wrong,
      '--out',
      file,
    );
    expect([exitCode, existsSync(file), stub.seen]).toEqual([2, false, []]);
  });
});

describe('keyward canary', () => {
  it('list shows all, a line each', async () => {
    expect((await keyward('list')).out).toBe(
      [
        'ID                KIND   PLANTED      SCOPE     CREATED                              BY   RETIRED',
        '3f0c9a6e2b7d4185  token  a wiki page  payments  2026-11-23 19:59:00Z (1 minute ago)  ada  -',
        'c2                token  a wiki page  -         2026-11-23 19:59:00Z (1 minute ago)  ada  2026-11-23 20:00:00Z (now)',
        '',
      ].join('\n'),
    );
  });

  it('show and retire tell of one', async () => {
    expect((await keyward('show', 'c2')).out).toBe(HUMAN.join('\n'));
    expect((await keyward('retire', 'c2')).out).toContain('retired  2026-11-23 20:00:00Z');
    expect(JSON.parse((await keyward('show', 'c2', '--json')).out)).toEqual({ canary });
  });
});
