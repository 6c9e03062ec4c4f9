import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Credential, readCredential } from '../../../src/kernel/credential.ts';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { PAYMENTS_ANSWER } from '../../support/payments.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CREDENTIAL = 'kw_ops_of_a_test';
const POLICY = PAYMENTS_ANSWER.policy;
const payments = {
  id: 'payments',
  issuer: 'https://id.example',
  audience: 'https://payments.example',
  algorithm: 'ES256',
  modulus_bits: null,
  hsm_token: 'primary',
  standby_token: null,
  policy: POLICY,
  contacts: [],
  created_at: NOW - 180,
  rotation_pause: null,
};
const mail = {
  ...payments,
  id: 'mail',
  audience: 'mail',
  algorithm: 'PS256',
  modulus_bits: 3072,
  hsm_token: 'issuer-b',
  standby_token: 'primary',
  policy: { ...POLICY, require_subject: false },
  created_at: NOW - 2 * 86_400,
};
const keys = [
  {
    kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    scope: 'payments',
    state: 'active',
    algorithm: 'ES256',
    hsm_token: 'primary',
    sign_from: NOW - 180,
    sign_until: NOW + 14 * 86_400,
    proof: { status: 'proven', reasons: [] },
  },
  {
    kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    scope: 'payments',
    state: 'pre_activation',
    algorithm: 'ES256',
    hsm_token: 'primary',
    sign_from: null,
    sign_until: NOW + 28 * 86_400,
    proof: { status: 'missing', reasons: ['the HSM shows no such object'] },
  },
];
const refusedKey = {
  kid: 'forged',
  scope: 'mail',
  why: 'issuer: registry and binding record disagree',
};
const identity = {
  id: 'payments-identity',
  description: 'issues for payments',
  created_at: NOW - 60,
  revoked_at: null,
  grants: [
    { scope: 'payments', action: 'sign' },
    { scope: 'mail', action: 'verify' },
  ],
};
const former = { ...identity, id: 'former', description: '', revoked_at: NOW, grants: [] };

const CLEAR = '\u001b[2J';

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
const HSM_MEMBERS = 'hsm: { module: foreign.so, token_label: kw, token_serial: "1", pin_file: pin }\n';
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /scopes': [200, { scopes: [payments, mail] }],
    'GET /scopes/payments': [200, { scope: payments, keys }],
    'PATCH /scopes/payments': [200, { scope: { ...payments, contacts: ['a@id.example'] }, keys }],
    'POST /scopes/payments/preview': [
      200,
      {
        refusals: [
          { member: 'max_ttl_seconds', counted: { tokens: 12, bound: 'exact' } },
          { member: 'require_subject', counted: { tokens: 0, bound: 'at_most' } },
        ],
      },
    ],
    'POST /scopes': [201, { scope: mail, keys: [] }],
    'GET /keys': [200, { keys: [], refused: [] }],
    'GET /keys?scope=payments': [200, { keys, refused: [] }],
    'GET /keys?scope=mail': [200, { keys: keys.slice(0, 1), refused: [refusedKey] }],
    'GET /clients': [200, { clients: [identity, former] }],
    'POST /clients': [201, { client: { ...identity, grants: [] }, credential: 'kw_svc_once' }],
    'POST /clients/former/revoke': [200, { client: former }],
    'POST /clients/evil/revoke': [200, { client: { ...former, description: `${CLEAR}dlog\u202etxt` } }],
    'POST /clients/evil2/revoke': [409, { code: 'client_revoked', detail: `no${CLEAR}` }],
    'POST /clients/odd/revoke': [200, '<html>'],
    'POST /grants': [200, { client: identity }],
    'DELETE /grants': [200, { client: { ...identity, grants: [] } }],
  });
});
beforeEach(() => writeFileSync(credentialFile, `${CREDENTIAL}\norigin ${stub.url}\n`, { mode: 0o600 }));
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.length = 0;
});

const keyward = (argv: string[], options?: Parameters<typeof call>[1]) =>
  call([...argv, '--url', stub.url, '--credential-file', credentialFile], options);

describe('text that came from elsewhere', () => {
  it('cannot steer the terminal, in what is shown and in what is refused', async () => {
    const shown = await keyward(['client', 'revoke', 'evil']);
    expect(shown.exitCode).toBe(0);
    expect(shown.out).toContain('\ufffd[2Jdlog\ufffdtxt');
    const refused = await keyward(['client', 'revoke', 'evil2']);
    expect(refused.err).toContain('no\ufffd[2J');
    expect(shown.out + shown.err + refused.out + refused.err).not.toMatch(/[^\P{C}\n]/u);
  });
});

describe('scopes', () => {
  it('are listed in aligned columns', async () => {
    expect(await keyward(['scope', 'list'])).toEqual({
      exitCode: 0,
      err: '',
      out: [
        'ID        ALGORITHM  ISSUER              AUDIENCE                  CREATED',
        'payments  ES256      https://id.example  https://payments.example  2026-11-23 19:57:00Z (3 minutes ago)',
        'mail      PS256      https://id.example  mail                      2026-11-21 20:00:00Z (2 days ago)',
        '',
      ].join('\n'),
    });
    expect(stub.seen).toEqual([
      { method: 'GET', path: '/scopes', authorization: `Bearer ${CREDENTIAL}`, body: undefined },
    ]);
  });

  it('are listed as the service answered them with --json, before or after the command', async () => {
    const after = await keyward(['scope', 'list', '--json']);
    const before = await keyward(['--json', 'scope', 'list']);
    expect(JSON.parse(after.out)).toEqual({ scopes: [payments, mail] });
    expect(before).toEqual(after);
  });

  it('are shown with policy and keys', async () => {
    expect((await keyward(['scope', 'show', 'payments'])).out).toBe(
      [
        'id              payments',
        'issuer          https://id.example',
        'audience        https://payments.example',
        'algorithm       ES256',
        'HSM token       primary',
        'standby         on the same',
        'created         2026-11-23 19:57:00Z (3 minutes ago)',
        'token lifetime  300 s, at most 3600 s',
        'token types     at+jwt, JWT',
        'subject         required',
        'ledger subject  plain',
        'ledger root     none',
        'claims          of Keyward',
        'forged token    alarm',
        'key signs for   14 days',
        'rotation        by itself',
        'key set cached  300 s, stale at most 3600 s',
        'clock skew      30 s',
        'contacts        -',
        '',
        'KID                                          SCOPE     STATE           ALGORITHM  HSM TOKEN  PROOF    SIGNS FROM                            SIGNS UNTIL',
        'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs  payments  active          ES256      primary    proven   2026-11-23 19:57:00Z (3 minutes ago)  2026-12-07 20:00:00Z (in 14 days)',
        'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k  payments  pre_activation  ES256      primary    missing  -                                     2026-12-21 20:00:00Z (in 28 days)',
        '',
        'NOT PROVEN                                   WHY',
        'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k  the HSM shows no such object',
        '',
      ].join('\n'),
    );
  });

  it('are created with exactly what was given, so that the service’s defaults stand', async () => {
    const argv = ['scope', 'create', 'mail', '--issuer', 'https://id.example', '--audience', 'mail'];
    await keyward(argv);
    expect(stub.seen[0]?.body).toEqual({ id: 'mail', issuer: 'https://id.example', audience: 'mail' });
  });

  it('are created with algorithm and policy', async () => {
    const argv = ['scope', 'create', 'mail', '--issuer', 'https://id.example', '--audience', 'mail'];
    const size = ['--algorithm', 'PS256', '--modulus-bits', '3072', '--hsm-token', 'issuer-b'];
    const policy = ['--max-ttl', '600', '--token-types', 'JWT', 'at+jwt', '--no-require-subject'];
    const { exitCode, out } = await keyward([...argv, ...size, ...policy]);
    expect(stub.seen[0]?.body).toEqual({
      id: 'mail',
      issuer: 'https://id.example',
      audience: 'mail',
      algorithm: 'PS256',
      modulus_bits: 3072,
      hsm_token: 'issuer-b',
      policy: { max_ttl_seconds: 600, token_types: ['JWT', 'at+jwt'], require_subject: false },
    });
    expect(exitCode).toBe(0);
    expect(out).toContain('algorithm       PS256 (3072 bits)\n');
    expect(out).toContain('subject         optional\n');
  });

  it('are changed in exactly what was given', async () => {
    const argv = [
      'scope',
      'set',
      'payments',
      '--max-ttl',
      '900',
      '--contacts',
      'a@id.example',
      '--require-subject',
    ];
    const { exitCode, out, err } = await keyward(argv);
    expect([exitCode, err]).toEqual([
      0,
      'warning: scope payments, max_ttl_seconds: refuses 12 living tokens at once\n',
    ]);
    expect(out).toContain('contacts        a@id.example\n');
    await keyward([
      'scope',
      'set',
      'payments',
      '--no-root-claim',
      '--no-contacts',
      '--no-suspend-on-forgery',
    ]);
    const change = {
      policy: { max_ttl_seconds: 900, require_subject: true },
      contacts: ['a@id.example'],
    };
    expect(stub.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/scopes/payments/preview', change],
      ['PATCH', '/scopes/payments', change],
      [
        'PATCH',
        '/scopes/payments',
        { policy: { root_claim: null, suspend_on_forgery: false }, contacts: [] },
      ],
    ]);
  });

  it('are not changed where nothing is named', async () => {
    expect(await keyward(['scope', 'set', 'payments'])).toEqual({
      exitCode: 2,
      out: '',
      err: 'error: say what to change; --help lists it [usage]\n',
    });
    expect(stub.seen).toEqual([]);
  });
});

describe('keys', () => {
  it('of all scopes are asked for without --scope', async () => {
    expect(await keyward(['key', 'list'])).toEqual({ exitCode: 0, out: 'no keys\n', err: '' });
  });

  it('of one scope are asked for by its id', async () => {
    const { out } = await keyward(['key', 'list', '--scope', 'payments', '--json']);
    expect(JSON.parse(out)).toEqual({ keys, refused: [] });
  });

  it('that were refused are named below the others, with the reason', async () => {
    const { out } = await keyward(['key', 'list', '--scope', 'mail']);
    expect(out.split('\n').slice(2)).toEqual([
      '',
      'REFUSED  SCOPE  WHY',
      'forged   mail   issuer: registry and binding record disagree',
      '',
    ]);
  });

  it('are coloured by state on a terminal, and not under NO_COLOR', async () => {
    const argv = ['key', 'list', '--scope', 'payments'];
    expect((await keyward(argv, { columns: 200 })).out).toContain('\u001b[32mactive\u001b[0m');
    const plain = await keyward(argv, { columns: 200, environment: { noColor: true } });
    expect(plain.out).not.toContain('\u001b');
    expect(plain.out).toBe((await keyward(argv)).out);
  });
});

describe('clients', () => {
  it('are listed with grants and status', async () => {
    expect((await keyward(['client', 'list'])).out).toBe(
      [
        'ID                 STATUS   GRANTS                     CREATED                              DESCRIPTION',
        'payments-identity  enabled  payments:sign mail:verify  2026-11-23 19:59:00Z (1 minute ago)  issues for payments',
        'former             revoked  -                          2026-11-23 19:59:00Z (1 minute ago)',
        '',
      ].join('\n'),
    );
  });

  it('show their credential once, with a warning beside it', async () => {
    const ran = await keyward([
      'client',
      'create',
      'payments-identity',
      '--description',
      'issues for payments',
    ]);
    expect(ran.out).toMatch(/\n\nkw_svc_once\n$/);
    expect(ran.err).toBe('warning: this credential is not shown again; --out FILE keeps it off the screen\n');
    expect(stub.seen[0]?.body).toEqual({ id: 'payments-identity', description: 'issues for payments' });
  });

  it('have their credential written into a 0600 file with --out, and nowhere else', async () => {
    const out = join(folder.path, 'identity.credential');
    const ran = await keyward(['client', 'create', 'payments-identity', '--out', out]);
    const text = readFileSync(out, 'utf8').trim();
    const { digest } = readCredential(text) as Credential;
    expect(stub.seen.map(({ body }) => body)).toEqual([
      { id: 'payments-identity', description: '', credential_digest: digest.toString('base64url') },
    ]);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(ran.out + ran.err).not.toContain(text);
    expect(ran.out).toContain(`Its credential is in ${out}.`);
  });

  it('are not created when the file for the credential exists', async () => {
    const out = join(folder.path, 'taken');
    writeFileSync(out, 'mine');
    expect(await keyward(['client', 'create', 'payments-identity', '--out', out])).toEqual({
      exitCode: 2,
      out: '',
      err: `error: ${out} exists; it is not overwritten [usage]\n`,
    });
    expect(stub.seen).toEqual([]);
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  it('leave no empty file behind when the service refuses', async () => {
    const out = join(folder.path, 'refused');
    const unknown = await operationsStub({});
    writeFileSync(credentialFile, `${CREDENTIAL}\norigin ${unknown.url}\n`, { mode: 0o600 });
    const argv = ['client', 'create', 'x', '--out', out, '--url', unknown.url];
    const ran = await call([...argv, '--credential-file', credentialFile]);
    await unknown.close();
    expect(ran).toEqual({ exitCode: 1, out: '', err: 'error: no such thing [not_found]\n' });
    expect(() => statSync(out)).toThrow('ENOENT');
  });

  it('are revoked', async () => {
    const { exitCode, out } = await keyward(['client', 'revoke', 'former']);
    expect(exitCode).toBe(0);
    expect(out).toContain('revoked      2026-11-23 20:00:00Z (now)\n');
  });
});

describe('grants', () => {
  it('are added by POST and removed by DELETE, with the same body', async () => {
    await keyward(['grant', 'add', 'payments-identity', 'payments', 'sign']);
    await keyward(['grant', 'remove', 'payments-identity', 'payments', 'sign']);
    const body = { client: 'payments-identity', scope: 'payments', action: 'sign' };
    expect(stub.seen.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      { method: 'POST', path: '/grants', body },
      { method: 'DELETE', path: '/grants', body },
    ]);
  });

  it('of an action that does not exist are a usage error', async () => {
    const ran = await keyward(['grant', 'add', 'payments-identity', 'payments', 'forge']);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('Allowed choices are sign, verify, revoke.');
    expect(stub.seen).toEqual([]);
  });
});

describe('what goes wrong', () => {
  it('is the service’s refusal with its code and request: exit 1', async () => {
    const refusing = await operationsStub({
      'POST /clients/a/revoke': [
        404,
        { code: 'unknown_client', detail: 'there is no client a', request_id: 'r1' },
      ],
    });
    writeFileSync(credentialFile, `${CREDENTIAL}\norigin ${refusing.url}\n`, { mode: 0o600 });
    const argv = ['client', 'revoke', 'a', '--url', refusing.url, '--credential-file', credentialFile];
    const human = await call(argv);
    const json = await call([...argv, '--json']);
    await refusing.close();
    expect(human).toEqual({
      exitCode: 1,
      out: '',
      err: 'error: there is no client a; see: keyward client list [unknown_client] (request r1)\n',
    });
    expect({ ...json, err: JSON.parse(json.err) }).toEqual({
      exitCode: 1,
      out: '',
      err: {
        code: 'unknown_client',
        detail: 'there is no client a; see: keyward client list',
        request_id: 'r1',
      },
    });
  });

  it('is a service that is away: exit 3', async () => {
    const gone = await operationsStub({});
    writeFileSync(credentialFile, `${CREDENTIAL}\norigin ${gone.url}\n`, { mode: 0o600 });
    await gone.close();
    const ran = await call(['scope', 'list', '--url', gone.url, '--credential-file', credentialFile]);
    expect(ran).toEqual({
      exitCode: 3,
      out: '',
      err: `error: ${gone.url} does not answer (ECONNREFUSED). Is the service running? Start it with: keyward serve [unreachable]\n`,
    });
  });

  it('is something else at the address: exit 1', async () => {
    expect(await keyward(['client', 'revoke', 'odd'])).toEqual({
      exitCode: 1,
      out: '',
      err: `error: ${stub.url} does not answer as Keyward does [not_keyward]\n`,
    });
  });

  it('is a path in a name, which reaches the service as a name', async () => {
    await keyward(['scope', 'show', '../clients']);
    expect(stub.seen[0]?.path).toBe('/scopes/..%2Fclients');
  });
});

describe('the operator credential', () => {
  it('is credentials.json’s operator beside the configuration when no file is named', async () => {
    const home = join(folder.path, 'home');
    mkdirSync(home);
    const beside = { operator: 'kw_ops_beside', operations_origin: stub.url, scopes: {} };
    writeFileSync(join(home, 'credentials.json'), JSON.stringify(beside), { mode: 0o600 });
    const environment = { operationsUrl: stub.url, configFile: join(home, 'config.yaml') };
    expect((await call(['scope', 'list'], { environment })).exitCode).toBe(0);
    expect(stub.seen.at(-1)?.authorization).toBe('Bearer kw_ops_beside');
  });

  it('that others may read is used with a warning', async () => {
    const open = join(folder.path, 'open');
    writeFileSync(open, `${CREDENTIAL}\norigin ${stub.url}`, { mode: 0o644 });
    const ran = await call(['key', 'list', '--url', stub.url, '--credential-file', open]);
    expect(ran).toEqual({
      exitCode: 0,
      out: 'no keys\n',
      err: `warning: ${open} is open to group or others: chmod 600 ${open}\n`,
    });
  });

  it('that is nowhere is a usage error that says where it was looked for', async () => {
    expect(await call(['key', 'list', '--url', stub.url])).toEqual({
      exitCode: 2,
      out: '',
      err: 'error: no operator credential in /nonexistent/credentials.json or /nonexistent/operator; name its file with --credential-file [usage]\n',
    });
  });

  it('goes to its own origin where nothing else names an address', async () => {
    expect((await call(['scope', 'list', '--credential-file', credentialFile])).exitCode).toBe(0);
  });

  it('is sent nowhere but to its own origin, whoever names the address', async () => {
    const foreign = await operationsStub({ 'GET /scopes': [200, { scopes: [] }] });
    const config = join(folderOfTest(), 'config.yaml');
    const port = new URL(foreign.url).port;
    writeFileSync(config, `operations_plane: { port: ${port} }\n${HSM_MEMBERS}`, { mode: 0o600 });
    const refused = {
      exitCode: 2,
      out: '',
      err: `error: the credential in ${credentialFile} is for ${stub.url}, so nothing was sent to ${foreign.url}; name another file with --credential-file [usage]\n`,
    };
    const argv = ['scope', 'list', '--credential-file', credentialFile];
    expect(await call([...argv, '--url', foreign.url])).toEqual(refused);
    expect(await call([...argv, '--config', config])).toEqual(refused);
    expect(await call(argv, { environment: { operationsUrl: foreign.url } })).toEqual(refused);
    const localhost = foreign.url.replace('127.0.0.1', 'localhost');
    expect((await call([...argv, '--url', localhost])).exitCode).toBe(2);
    expect((await call([...argv, '--url', stub.url])).exitCode).toBe(0);
    expect(foreign.seen).toEqual([]);
    await foreign.close();
  });

  it('does not follow a redirect, neither to another origin nor to its own', async () => {
    const target = await operationsStub({ 'GET /scopes': [200, { scopes: [] }] });
    const server = createServer((request, response) => {
      response.writeHead(307, { location: `${target.url}${request.url}` }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(credentialFile, `${CREDENTIAL}\norigin ${url}\n`, { mode: 0o600 });
    const ran = await call(['scope', 'list', '--credential-file', credentialFile]);
    expect([ran.exitCode, target.seen]).toEqual([3, []]);
    await new Promise((resolve) => server.close(resolve));
    await target.close();
  });

  it.each([
    [
      'no origin',
      CREDENTIAL,
      'does not say which service its credential is for; if you know that it is yours, add the line: origin https://host:port',
    ],
    [
      'none in JSON',
      '{"operator":"kw_ops_beside"}',
      'does not say which service its credential is for; if you know that it is yours, add the member "operations_origin": "https://host:port"',
    ],
    [
      'two',
      `${CREDENTIAL}\norigin http://127.0.0.1:1\norigin http://127.0.0.1:2`,
      'names more than one origin',
    ],
  ])('is refused in a file that names %s', async (_, text, why) => {
    const file = join(folderOfTest(), 'credential');
    writeFileSync(file, text, { mode: 0o600 });
    const asked = stub.seen.length;
    expect(await call(['scope', 'list', '--url', stub.url, '--credential-file', file])).toEqual({
      exitCode: 2,
      out: '',
      err: `error: ${file} ${why} [usage]\n`,
    });
    expect(stub.seen.length).toBe(asked);
  });

  it.each(['http://127.0.0.1:1/path', 'http://user@127.0.0.1:1', '127.0.0.1:1', 'https://host:443'])(
    'is refused with the origin %s, which is none',
    async (origin) => {
      const file = join(folderOfTest(), 'credential');
      writeFileSync(file, `${CREDENTIAL}\norigin ${origin}\n`, { mode: 0o600 });
      const { exitCode, err } = await call(['scope', 'list', '--credential-file', file]);
      expect([exitCode, err]).toEqual([2, expect.stringContaining('a scheme, a host and a port alone')]);
    },
  );

  it('and the address are taken from no file of the folder in which a command runs', async () => {
    const home = folderOfTest();
    const foreign = await operationsStub({ 'GET /scopes': [200, { scopes: [] }] });
    mkdirSync(join(home, '.keyward'));
    const port = new URL(foreign.url).port;
    writeFileSync(join(home, '.keyward/config.yaml'), `operations_plane: { port: ${port} }\n${HSM_MEMBERS}`);
    const beside = { operator: 'kw_ops_beside', operations_origin: foreign.url };
    writeFileSync(join(home, '.keyward/credentials.json'), JSON.stringify(beside), { mode: 0o600 });
    const program = join(import.meta.dirname, '../../../src/cli/main.ts');
    const { KEYWARD_CONFIG: _config, ...env } = process.env;
    for (const argv of [['scope', 'list'], ['doctor'], ['serve'], ['init', '--out', 'made']]) {
      const ran = spawnSync(process.execPath, [program, ...argv], { cwd: home, env, encoding: 'utf8' });
      expect(ran.status).not.toBe(0);
      expect(ran.stdout + ran.stderr).toContain('/etc/keyward/');
      expect(ran.stdout + ran.stderr).not.toContain('foreign.so');
    }
    expect(foreign.seen).toEqual([]);
    await foreign.close();
  });

  it('is not sent over plain http to another machine', async () => {
    writeFileSync(credentialFile, `${CREDENTIAL}\norigin http://keyward.example:9090\n`, { mode: 0o600 });
    const argv = ['key', 'list', '--url', 'http://keyward.example:9090', '--credential-file', credentialFile];
    expect(await call(argv)).toEqual({
      exitCode: 2,
      out: '',
      err: 'error: http://keyward.example:9090: a credential is sent over https only, or to loopback [usage]\n',
    });
  });
});
