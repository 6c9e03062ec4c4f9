import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Credential, digestOfCredential, readCredential } from '../../../src/kernel/credential.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import { policyRepresentation } from '../../../src/keys/policy-schema.ts';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const POLICY = policyRepresentation(DEFAULT_POLICY);
const payments = {
  id: 'payments',
  issuer: 'https://login.example.com',
  audience: 'https://payments.example.com',
  algorithm: 'ES256',
  modulus_bits: null,
  hsm_token: 'primary',
  standby_token: null,
  policy: POLICY,
  contacts: [],
};
const mail = { ...payments, id: 'mail', audience: 'mail', algorithm: 'PS256', modulus_bits: 3072 };
const checkout = {
  id: 'checkout',
  description: 'Signs for the shop',
  revoked_at: null,
  grants: [
    { scope: 'payments', action: 'verify' },
    { scope: 'payments', action: 'sign' },
  ],
};
const former = { ...checkout, id: 'former', revoked_at: 7, grants: [] };

const PREVIEW = {
  'POST /scopes/payments/preview': [
    200,
    { refusals: [{ member: 'max_ttl_seconds', counted: { tokens: 12, bound: 'exact' } }] },
  ],
} as const;
const TOLD = 'warning: scope payments, max_ttl_seconds: refuses 12 living tokens at once\n';

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
const file = join(folder.path, 'scopes.yaml');
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /scopes': [200, { scopes: [payments, mail] }],
    'GET /clients': [200, { clients: [checkout, former] }],
    ...PREVIEW,
  });
});
beforeEach(() => writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 }));
afterAll(async () => {
  await stub.close();
  folder.remove();
});

const keyward = (argv: string[], options?: Parameters<typeof call>[1]) =>
  call([...argv, '--url', stub.url, '--credential-file', credentialFile], options);

function plan(text: string, ...more: string[]) {
  writeFileSync(file, text);
  return keyward(['plan', '-f', file, ...more]);
}

const CHANGES = `scopes:
  payments:
    issuer: https://login.example.com
    audience: https://payments.example.com
    policy: { max_ttl_seconds: 900, clock_skew_seconds: 60, root_claim: txn }
  orders:
    issuer: https://login.example.com
    audience: https://orders.example.com
    policy: { max_ttl_seconds: 60 }
clients:
  checkout:
    description: The shop
    grants: { payments: [sign], orders: [sign] }
  portal: { description: Reads orders, grants: { orders: [verify] } }
`;

describe('plan', () => {
  it('shows a line for each change, and what it leaves alone, and ends with 2', async () => {
    expect(await plan(CHANGES)).toEqual({
      exitCode: 2,
      err: '',
      out: [
        '      KIND    ID        MEMBER              CHANGE',
        '~     scope   payments  max_ttl_seconds     3600 → 900, refuses 12 living tokens at once',
        '+  !  scope   orders                        issuer https://login.example.com, audience https://orders.example.com, policy {max_ttl_seconds: 60}',
        '~  !  scope   payments  clock_skew_seconds  30 → 60',
        '~  !  scope   payments  root_claim          null → txn',
        '~     client  checkout  description         "Signs for the shop" → "The shop"',
        '+  !  client  portal                        description "Reads orders"',
        '+  !  grant   checkout  orders:sign',
        '+  !  grant   portal    orders:verify',
        '',
        '   LEFT ALONE  ID        MEMBER',
        '?  scope       mail',
        '?  grant       checkout  payments:verify',
        '',
        '4 to create, 4 to change, 0 to remove.',
        '! waits for a second person where the service asks for two.',
        '',
      ].join('\n'),
    });
  });

  it('says in --json how many living tokens each change of a policy refuses', async () => {
    const { out } = await plan(CHANGES, '--json');
    const told = JSON.parse(out).changes.filter(({ refuses }: { refuses?: object }) => refuses);
    expect(told).toEqual([
      {
        action: 'change',
        kind: 'scope',
        id: 'payments',
        member: 'max_ttl_seconds',
        from: 3600,
        to: 900,
        weakens: false,
        refuses: { tokens: 12, bound: 'exact' },
      },
    ]);
  });

  it.each([
    [{ tokens: 0, bound: 'exact' }, ''],
    [{ tokens: 1, bound: 'exact' }, ', refuses 1 living token at once'],
    [{ tokens: 7, bound: 'at_least' }, ', refuses at least 7 living tokens at once'],
    [{ tokens: 7, bound: 'at_most' }, ', refuses up to 7 living tokens at once'],
    [null, ', refuses living tokens at once; how many could not be counted'],
  ])('of %j says%s', async (counted, said) => {
    const counting = await operationsStub({
      'GET /scopes': [200, { scopes: [payments] }],
      'GET /clients': [200, { clients: [] }],
      'POST /scopes/payments/preview': [200, { refusals: [{ member: 'token_types', counted }] }],
    });
    writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${counting.url}\n`, { mode: 0o600 });
    const { issuer, audience } = payments;
    writeFileSync(
      file,
      JSON.stringify({ scopes: { payments: { issuer, audience, policy: { token_types: ['JWT'] } } } }),
    );
    const { out } = await call([
      ...['plan', '-f', file, '--url', counting.url, '--credential-file', credentialFile],
    ]);
    await counting.close();
    expect(out.split('\n')[1]).toBe(`~    scope  payments  token_types  [at+jwt, JWT] → [JWT]${said}`);
  });

  it('shows what a complete file takes away', async () => {
    const text = 'complete: true\nclients:\n  portal: {}\n';
    const { exitCode, out } = await plan(text);
    expect([exitCode, out.split('\n')]).toEqual([
      2,
      [
        '      KIND    ID        MEMBER  CHANGE',
        '-     client  checkout          revoked permanently',
        '+  !  client  portal',
        '',
        '   LEFT ALONE  ID        MEMBER',
        '?  scope       payments',
        '?  scope       mail',
        '',
        '1 to create, 0 to change, 1 to remove.',
        '! waits for a second person where the service asks for two.',
        '',
      ],
    ]);
  });

  it('ends with 0 where there is nothing to do', async () => {
    const { exitCode, out } = await plan((await keyward(['export'])).out);
    expect([exitCode, out]).toEqual([0, 'Nothing to do.\n']);
  });

  it('is coloured on a terminal', async () => {
    writeFileSync(file, CHANGES);
    const { out } = await keyward(['plan', '-f', file], { isTerminal: true });
    expect(out).toContain('\u001b[32m+\u001b[0m  \u001b[33m!\u001b[0m  scope');
  });

  it('is told as JSON with --json', async () => {
    const { exitCode, out } = await plan('complete: true\nclients: { checkout: {} }', '--json');
    const grant = (member: string) => ({
      action: 'remove',
      kind: 'grant',
      id: 'checkout',
      member,
      weakens: false,
    });
    const scope = (id: string) => ({ action: 'remove', kind: 'scope', id, weakens: false });
    expect([exitCode, JSON.parse(out)]).toEqual([
      2,
      {
        changes: [grant('payments:verify'), grant('payments:sign')],
        unmanaged: [scope('payments'), scope('mail')],
      },
    ]);
  });

  it('names every mistake by file, line and column, and ends with 1', async () => {
    const text = 'scopes:\n  payments:\n    issuer: 7\n    audience: a\n    polcy: {}\n';
    expect(await plan(text)).toEqual({
      exitCode: 1,
      out: '',
      err: [
        `${file}:3:13: scopes.payments.issuer: use text`,
        `${file}:5:5: scopes.payments.polcy is not known; did you mean policy?`,
        `error: 2 things are wrong in ${file}; nothing was changed [invalid_document]`,
        '',
      ].join('\n'),
    });
    expect(JSON.parse((await plan(text, '--json')).err)).toEqual({
      code: 'invalid_document',
      detail: `2 things are wrong in ${file}; nothing was changed`,
      problems: [
        { file, line: 3, column: 13, message: 'scopes.payments.issuer: use text' },
        { file, line: 5, column: 5, message: 'scopes.payments.polcy is not known; did you mean policy?' },
      ],
    });
  });

  it('names what cannot be changed, by its line', async () => {
    const { err } = await plan('scopes: { payments: { issuer: "https://a.example", audience: b } }');
    expect(err.split('\n')).toEqual([
      `${file}:1:31: scopes.payments.issuer: cannot change: this scope has "https://login.example.com"; make another scope`,
      `${file}:1:62: scopes.payments.audience: cannot change: this scope has "https://payments.example.com"; make another scope`,
      `error: 2 things are wrong in ${file}; nothing was changed [invalid_document]`,
      '',
    ]);
  });

  it.each([
    ['no file at all', ['plan'], 1, "error: required option '-f, --file <file>' not specified\n"],
    ['an option that is none', ['plan', '-f', 'x', '--fiel'], 1, "error: unknown option '--fiel'\n"],
    [
      'a file that is not there',
      ['plan', '-f', '/nowhere'],
      1,
      'error: /nowhere cannot be read (ENOENT) [unreadable]\n',
    ],
    [
      'a folder',
      ['plan', '-f', folder.path],
      1,
      `error: ${folder.path} cannot be read (EISDIR) [unreadable]\n`,
    ],
  ])('never ends with 2 for %s', async (_, argv, exitCode, err) => {
    const ran = await keyward(argv);
    expect([ran.exitCode, ran.err]).toEqual([exitCode, expect.stringContaining(err.trimEnd())]);
  });

  it('never ends with 2 for a missing credential', async () => {
    writeFileSync(file, '');
    const { exitCode, err } = await call(['plan', '-f', file, '--url', stub.url]);
    expect([exitCode, err]).toEqual([1, expect.stringContaining('no operator credential')]);
  });

  it('refuses a file that is no UTF-8, and one that is too large', async () => {
    writeFileSync(file, Buffer.of(0x61, 0xff));
    expect((await keyward(['plan', '-f', file])).err).toBe(
      `error: ${file} cannot be read (it is not UTF-8) [unreadable]\n`,
    );
    expect((await plan(`#${' '.repeat(1024 * 1024)}`)).err).toContain(
      `${file}:1:1: the file is larger than 1 MiB\n`,
    );
  });
});

describe('apply', () => {
  const folderOf = (name: string) => join(folder.path, name);
  const proposal = (act: string, subject: string) => ({
    id: `prop-${subject.replace(':', '-')}`,
    act,
    subject,
    expires_at: NOW + 86_400,
    proposed_by: 'alice',
    approvers: ['bob', 'carol'],
    state: 'open',
    parameters: {},
    changes: [],
  });
  /** An operations plane with the lists of the other tests that answers the changes as given. */
  async function applied(answers: Parameters<typeof operationsStub>[0], text: string, ...more: string[]) {
    const changing = await operationsStub({
      'GET /scopes': [200, { scopes: [payments, mail] }],
      'GET /clients': [200, { clients: [checkout, former] }],
      'GET /proposals?state=open&limit=1000': [200, { proposals: [], next: null }],
      ...PREVIEW,
      ...answers,
    });
    writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${changing.url}\n`, { mode: 0o600 });
    writeFileSync(file, text);
    const ran = await call([
      ...['apply', '-f', file, '--url', changing.url, '--credential-file', credentialFile],
      ...more,
    ]);
    await changing.close();
    const asked = changing.seen.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/preview'));
    return { ...ran, asked: asked.map(({ method, path, body }) => [method, path, body]) };
  }

  it('asks for each step in order, and stores the credentials of new clients', async () => {
    const credentials = folderOf('made');
    const ran = await applied(
      {
        'PATCH /scopes/payments': [200, { scope: payments, keys: [] }],
        'POST /scopes': [201, { scope: payments, keys: [] }],
        'PATCH /clients/checkout': [200, { client: checkout }],
        'POST /clients': [201, { client: checkout }],
        'POST /grants': [200, { client: checkout }],
      },
      CHANGES,
      '--credentials',
      credentials,
    );
    expect([ran.exitCode, ran.err]).toEqual([0, TOLD]);
    expect(ran.asked.map(([method, path]) => `${method} ${path}`)).toEqual([
      'PATCH /scopes/payments',
      'POST /scopes',
      'PATCH /scopes/payments',
      'PATCH /clients/checkout',
      'POST /clients',
      'POST /grants',
      'POST /grants',
    ]);
    const stored = join(credentials, 'portal.credential');
    const { digest } = readCredential(readFileSync(stored, 'utf8').trim()) as Credential;
    expect(ran.asked[4]?.[2]).toEqual({
      id: 'portal',
      description: 'Reads orders',
      credential_digest: digest.toString('base64url'),
    });
    expect(statSync(stored).mode & 0o777).toBe(0o600);
    expect(ran.out).not.toContain('kw_svc_');
    expect(ran.out.split('\n').slice(-5)).toEqual([
      'CREDENTIALS',
      stored,
      '',
      '8 done, 0 proposed, 0 waiting for those.',
      '',
    ]);
  });

  it('shows the proposals that were opened, and leaves what needs them for later', async () => {
    const ran = await applied(
      {
        'POST /scopes': [202, { proposal: proposal('scope.create', 'scope:orders') }],
        'POST /clients': [202, { proposal: proposal('client.create', 'client:portal') }],
        'POST /grants': [202, { proposal: proposal('grant.add', 'client:portal') }],
      },
      `scopes: { orders: { issuer: "https://login.example.com", audience: orders } }
clients:
  checkout: { grants: { orders: [sign], payments: [sign] } }
  portal: { grants: { mail: [verify] } }
`,
      ...['--credentials', folderOf('proposed')],
    );
    const credential = join(folderOf('proposed'), 'portal.credential');
    expect(ran.asked.map(([method, path]) => `${method} ${path}`)).toEqual(['POST /scopes', 'POST /clients']);
    expect({ ...ran, asked: 2 }).toEqual({
      asked: 2,
      exitCode: 4,
      err: '',
      out: [
        'OUTCOME         KIND    ID        MEMBER       CHANGE',
        'proposed  +  !  scope   orders                 issuer https://login.example.com, audience orders',
        'proposed  +  !  client  portal',
        'waits     +  !  grant   checkout  orders:sign',
        'waits     +  !  grant   portal    mail:verify',
        '',
        'PROPOSAL            ACT            SUBJECT        PROPOSED BY  CAN APPROVE  EXPIRES',
        'prop-scope-orders   scope.create   scope:orders   alice        bob carol    2026-11-24 20:00:00Z (in 1 day)',
        'prop-client-portal  client.create  client:portal  alice        bob carol    2026-11-24 20:00:00Z (in 1 day)',
        '',
        'CREDENTIALS',
        credential,
        '',
        '0 done, 2 proposed, 2 waiting for those. Apply again once they are approved.',
        '',
      ].join('\n'),
    });
  });

  it('shows what was done before a refusal, with the refusal, and ends with 1', async () => {
    const ran = await applied(
      {
        'PATCH /scopes/payments': [200, { scope: payments, keys: [] }],
        'POST /scopes': [503, { code: 'hsm_unavailable', detail: 'the HSM is away' }],
      },
      CHANGES,
      ...['--credentials', folderOf('refused')],
    );
    expect([ran.exitCode, ran.err]).toEqual([1, `${TOLD}error: the HSM is away [hsm_unavailable]\n`]);
    expect(ran.asked).toHaveLength(2);
    expect(ran.out).toContain(
      'done     ~    scope  payments  max_ttl_seconds  3600 → 900, refuses 12 living tokens at once\n',
    );
  });

  it('shows nothing but the refusal where nothing was done', async () => {
    const ran = await applied({}, 'clients: { checkout: { grants: { mail: [verify] } } }');
    expect([ran.exitCode, ran.out, ran.err]).toEqual([1, '', 'error: no such thing [not_found]\n']);
  });

  it('asks for nothing where a credential could not be stored', async () => {
    const ran = await applied({}, CHANGES, '--credentials', credentialFile);
    expect([ran.exitCode, ran.err, ran.asked]).toEqual([
      2,
      `error: ${credentialFile} cannot be made (EEXIST) [usage]\n`,
      [],
    ]);
    writeFileSync(join(folder.path, 'portal.credential'), 'mine');
    const taken = await applied({}, CHANGES, '--credentials', folder.path);
    expect([taken.exitCode, taken.err, taken.asked]).toEqual([
      2,
      `error: ${join(folder.path, 'portal.credential')} exists and holds no credential of a client; it is not overwritten [usage]\n`,
      [],
    ]);
  });

  it('leaves no credential behind where the service refuses, and takes one that is there already', async () => {
    const credentials = folderOf('again');
    const text = 'clients: { portal: {} }';
    const stored = join(credentials, 'portal.credential');
    const refused = {
      'POST /clients': [409, { code: 'client_exists', detail: 'choose another id' }],
    } as const;
    expect((await applied(refused, text, '--credentials', credentials)).exitCode).toBe(1);
    expect(existsSync(stored)).toBe(false);
    const opened = proposal('client.create', 'client:portal');
    const accepted = { 'POST /clients': [202, { proposal: opened }] } as const;
    const first = await applied(accepted, text, '--credentials', credentials);
    const kept = readFileSync(stored, 'utf8');
    const second = await applied(accepted, text, '--credentials', credentials);
    expect(readFileSync(stored, 'utf8')).toBe(kept);
    expect(second.asked).toEqual(first.asked);
  });

  it('proposes a client with the own credential beside a proposal of another operator, and names that one', async () => {
    const credentials = folderOf('rivals');
    const stored = join(credentials, 'portal.credential');
    const text = 'clients: { portal: {} }';
    const proposed = (id: string, credential_digest: string) => ({
      ...proposal('client.create', 'client:portal'),
      id,
      proposed_by: id === 'prop-mallory' ? 'mallory' : 'alice',
      parameters: { id: 'portal', description: '', credential_digest },
    });
    const planted = proposed('prop-mallory', 'planted');
    const own = proposal('client.create', 'client:portal');
    const first = await applied(
      {
        'GET /proposals?state=open&limit=1000': [200, { proposals: [planted], next: null }],
        'POST /clients': [202, { proposal: own }],
      },
      text,
      ...['--credentials', credentials, '--json'],
    );
    const digest = digestOfCredential(readFileSync(stored, 'utf8').trim()).toString('base64url');
    expect(first.asked).toEqual([['POST', '/clients', { id: 'portal', credential_digest: digest }]]);
    expect(JSON.parse(first.out).applied).toMatchObject([
      {
        outcome: 'proposed',
        proposal: { id: own.id },
        rivals: [{ id: 'prop-mallory', proposed_by: 'mallory' }],
      },
    ]);

    const both = [planted, proposed('prop-alice', digest)];
    const second = await applied(
      { 'GET /proposals?state=open&limit=1000': [200, { proposals: both, next: null }] },
      text,
      ...['--credentials', credentials],
    );
    expect([second.exitCode, second.asked]).toEqual([4, []]);
    expect(second.out).toMatch(/^PROPOSAL .*\nprop-alice +client\.create +client:portal +alice /m);
    expect(second.out).toMatch(
      /^NOT YOURS .*\nprop-mallory +client\.create +client:portal +mallory +planted /m,
    );
  });

  it('opens no proposal twice, and takes none for its own whose credential it does not know', async () => {
    const portal = {
      ...proposal('client.create', 'client:portal'),
      parameters: { id: 'portal', description: '', credential_digest: 'd' },
    };
    const policy = {
      ...proposal('scope.policy', 'scope:payments'),
      changes: [{ member: 'clock_skew_seconds', from: 30, to: 60 }],
    };
    const ran = await applied(
      { 'GET /proposals?state=open&limit=1000': [200, { proposals: [portal, policy], next: null }] },
      `scopes:
  payments:
    issuer: https://login.example.com
    audience: https://payments.example.com
    policy: { clock_skew_seconds: 60 }
clients:
  portal: { grants: { mail: [verify] } }
`,
    );
    expect([ran.exitCode, ran.err, ran.asked]).toEqual([4, '', []]);
    expect(ran.out.split('\n')).toEqual([
      'OUTCOME         KIND    ID        MEMBER              CHANGE',
      'proposed  ~  !  scope   payments  clock_skew_seconds  30 → 60',
      'foreign   +  !  client  portal',
      'waits     +  !  grant   portal    mail:verify',
      '',
      'PROPOSAL             ACT           SUBJECT         PROPOSED BY  CAN APPROVE  EXPIRES',
      'prop-scope-payments  scope.policy  scope:payments  alice        bob carol    2026-11-24 20:00:00Z (in 1 day)',
      '',
      'NOT YOURS           ACT            SUBJECT        PROPOSED BY  CREDENTIAL DIGEST  CAN APPROVE  EXPIRES',
      'prop-client-portal  client.create  client:portal  alice        d                  bob carol    2026-11-24 20:00:00Z (in 1 day)',
      '',
      'Their credentials are not in your folder: once approved, those who made them hold the client. Ask who proposed them, and reject what nobody knows.',
      '',
      '0 done, 2 proposed, 1 waiting for those. Apply again once they are approved.',
      '',
    ]);
  });

  it('tells the same as JSON with --json', async () => {
    const opened = proposal('grant.add', 'client:checkout');
    const ran = await applied(
      { 'POST /grants': [202, { proposal: opened }] },
      'clients: { checkout: { grants: { payments: [sign, verify, revoke] } } }',
      '--json',
    );
    const change = {
      action: 'create',
      kind: 'grant',
      id: 'checkout',
      member: 'payments:revoke',
      weakens: true,
    };
    const scope = (id: string) => ({ action: 'remove', kind: 'scope', id, weakens: false });
    expect([ran.exitCode, JSON.parse(ran.out)]).toEqual([
      4,
      {
        applied: [{ outcome: 'proposed', changes: [change], proposal: opened }],
        unmanaged: [scope('payments'), scope('mail')],
      },
    ]);
  });
});

describe('export', () => {
  it('writes what there is, sorted, without those who were revoked', async () => {
    const { exitCode, out } = await keyward(['export']);
    expect(exitCode).toBe(0);
    expect(out).toBe(`# What Keyward holds, for \`keyward plan -f\` and \`keyward apply -f\`. For editors:
# yaml-language-server: $schema=keyward-scopes.schema.json
complete: false
scopes:
  mail:
    issuer: https://login.example.com
    audience: mail
    algorithm: PS256
    modulus_bits: 3072
    policy:
      max_ttl_seconds: 3600
      default_ttl_seconds: 300
      cryptoperiod_seconds: 1209600
      jwks_max_age_seconds: 300
      max_stale_seconds: 3600
      clock_skew_seconds: 30
      token_types:
        - at+jwt
        - JWT
      require_subject: true
      record_subject: plain
      root_claim: null
      suspend_on_forgery: false
      external_claims: false
    contacts: []
  payments:
    issuer: https://login.example.com
    audience: https://payments.example.com
    algorithm: ES256
    policy:
      max_ttl_seconds: 3600
      default_ttl_seconds: 300
      cryptoperiod_seconds: 1209600
      jwks_max_age_seconds: 300
      max_stale_seconds: 3600
      clock_skew_seconds: 30
      token_types:
        - at+jwt
        - JWT
      require_subject: true
      record_subject: plain
      root_claim: null
      suspend_on_forgery: false
      external_claims: false
    contacts: []
clients:
  checkout:
    description: Signs for the shop
    grants:
      payments:
        - sign
        - verify
`);
  });

  it('as JSON is read by plan too', async () => {
    const { out } = await keyward(['export', '--json']);
    expect(JSON.parse(out).clients).toEqual({
      checkout: { description: 'Signs for the shop', grants: { payments: ['sign', 'verify'] } },
    });
    expect((await plan(out)).exitCode).toBe(0);
  });
});
