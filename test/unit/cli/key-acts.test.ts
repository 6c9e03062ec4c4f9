import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const DAY = 86_400;
const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const DASHED = '-9aMVQ9k8hTWzOb6kF1kobvarfNLogejB68HdoW08vE';
const key = {
  kid: KID,
  scope: 'payments',
  state: 'active',
  algorithm: 'ES256',
  sign_from: NOW - 180,
  sign_until: NOW + 14 * DAY,
  deactivated_at: null,
  private_half_destroyed_at: null,
  kept_for_forensics: false,
  proof: { status: 'proven', reasons: [] },
};
const standby = { ...key, kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', state: 'pre_activation' };
const twin = { ...key, kid: 'kPrK_qAnother', scope: 'mail' };
const former = (n: number) => ({ ...key, kid: `former-${n}`, state: 'deactivated', deactivated_at: NOW - n });
const compromised = { ...key, state: 'compromised' };

const hit = {
  compromised_at: NOW,
  use: {
    live_tokens: 3,
    clients: {
      listed: [
        { name: 'login', tokens: 2 },
        { name: 'batch', tokens: 1 },
      ],
      more: 0,
    },
    subjects: { listed: [{ name: 'ada', tokens: 3 }], more: 7 },
    first_issued_at: NOW - DAY,
    last_issued_at: NOW,
    complete: true,
  },
  other_keys: { listed: [{ kid: 'kid-2', scope: 'mail', state: 'active' }], more: 0 },
  verifiers: [
    { client: 'api', instance: 'a', connected: true, took_ms: 12.4 },
    { client: 'api', instance: 'b', connected: false, took_ms: null },
  ],
};

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /keys': [200, { keys: [key, standby, twin, { ...key, kid: DASHED, scope: 'files' }], refused: [] }],
    'GET /keys?scope=payments': [
      200,
      {
        keys: [key, former(90), former(60), { ...former(30), private_half_destroyed_at: NOW - 10 }],
        refused: [],
      },
    ],
    'GET /keys?scope=mail': [200, { keys: [twin], refused: [] }],
    'POST /scopes/payments/rotate': [
      200,
      {
        activated: { ...standby, state: 'active' },
        deactivated: { ...key, state: 'deactivated' },
        replicated: true,
      },
    ],
    [`POST /keys/${KID}/suspend`]: [
      200,
      { key: { ...key, state: 'suspended' }, promoted: standby, already: false, replicated: true },
    ],
    [`POST /keys/${DASHED}/suspend`]: [
      200,
      {
        key: { ...key, kid: DASHED, state: 'suspended' },
        promoted: standby,
        already: false,
        replicated: true,
      },
    ],
    [`POST /keys/${KID}/resume`]: [409, { code: 'transition_forbidden', detail: 'it takes two persons' }],
    [`POST /keys/${KID}/destroy`]: [
      200,
      {
        key: { ...key, state: 'deactivated', private_half_destroyed_at: NOW - 60 },
        promoted: null,
        already: true,
        replicated: true,
      },
    ],
    [`POST /keys/${KID}/compromise`]: [
      200,
      {
        key: compromised,
        promoted: standby,
        already: false,
        replicated: true,
        compromise: { ...hit, use: null },
      },
    ],
    [`GET /keys/${KID}/compromise`]: [200, { compromise: hit }],
    'POST /hsm/partner/compromise': [
      200,
      {
        hsm_token: 'partner',
        keys: 2,
        compromised: [
          { kid: KID, scope: 'payments' },
          { kid: standby.kid, scope: 'payments' },
        ],
        promoted: [],
        waiting: ['payments'],
        service_keys: false,
        replicated: false,
      },
    ],
    'POST /keys/former-60/undo-rotation': [
      200,
      { key: former(60), promoted: former(60), already: false, replicated: true },
    ],
  });
  writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.length = 0;
});

const keyward = (...argv: string[]) =>
  call([...argv, '--url', stub.url, '--credential-file', credentialFile]);
const lastAsked = () => {
  const { method, path, body } = stub.seen.at(-1) ?? {};
  return [`${method} ${path}`, body];
};

describe('a kid that is cut short', () => {
  it('names the one key that begins so', async () => {
    const { exitCode, out } = await keyward('key', 'suspend', 'NzbLsX', '--reason', 'case 42');
    expect(exitCode).toBe(0);
    expect(lastAsked()).toEqual([`POST /keys/${KID}/suspend`, { reason: 'case 42' }]);
    expect(out).toBe(
      [
        `key           ${KID}`,
        'scope         payments',
        'state         suspended',
        'private half  in the HSM',
        `signs now     ${standby.kid}`,
        'signs until   2026-12-07 20:00:00Z (in 14 days)',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [
      'kPrK_q',
      'ambiguous_kid',
      `more than one key begins with kPrK_q, give more of it: ${standby.kid} (payments)`,
    ],
    ['nobody', 'unknown_key', 'no key begins with nobody; see: keyward key list'],
    ['NzbLs', 'unknown_key', 'give at least the first 6 characters of the kid'],
  ])('is refused where it does not: %s', async (beginning, code, message) => {
    const { exitCode, err } = await keyward('key', 'compromise', beginning, '--yes', '--reason', 'case 42');
    expect(exitCode).toBe(1);
    expect(err).toContain(code);
    expect(err).toContain(message);
    expect(stub.seen.every(({ method }) => method === 'GET')).toBe(true);
  });

  it.each(['compromise', 'destroy'])('is not enough for %s, which cannot be undone', async (act) => {
    const { exitCode, err } = await keyward('key', act, 'NzbLsX', '--reason', 'case 42');
    expect([exitCode, err]).toEqual([
      2,
      expect.stringContaining(`give the whole kid, or --yes; NzbLsX is ${KID}`),
    ]);
    expect(stub.seen.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('is shown whole to the person at the terminal, who says yes or no', async () => {
    const asked: string[] = [];
    const answering = (answer: string) => ({
      ask: async (question: string) => {
        asked.push(question);
        return answer;
      },
    });
    const argv = [
      'key',
      'destroy',
      'NzbLsX',
      '--reason',
      'x',
      '--url',
      stub.url,
      '--credential-file',
      credentialFile,
    ];
    const refused = await call(argv, answering(''));
    expect([refused.exitCode, refused.err]).toEqual([1, 'error: nothing was done [not_confirmed]\n']);
    expect(stub.seen.every(({ method }) => method === 'GET')).toBe(true);
    expect((await call(argv, answering('y'))).exitCode).toBe(0);
    expect(lastAsked()[0]).toBe(`POST /keys/${KID}/destroy`);
    expect(asked[0]).toBe(`${KID} (scope payments, active)\nThis cannot be undone. Go on? [y/N] `);
  });
});

describe('a kid that looks like options', () => {
  it.each([
    ['key', 'suspend', DASHED, '--reason', 'case 42'],
    ['key', 'suspend', '--reason', 'case 42', '--json', DASHED],
    ['key', 'suspend', '--reason', 'case 42', '--', DASHED],
  ])('is taken where a kid may stand: %s %s %s %s %s', async (...argv) => {
    const separator = argv.indexOf('--');
    const where = ['--url', stub.url, '--credential-file', credentialFile];
    const line = separator < 0 ? [...argv, ...where] : argv.toSpliced(separator, 0, ...where);
    const { exitCode, err } = await call(line);
    expect([exitCode, err]).toEqual([0, '']);
    expect(lastAsked()).toEqual([`POST /keys/${DASHED}/suspend`, { reason: 'case 42' }]);
    expect(stub.seen).toHaveLength(1);
  });

  it('stays the value of an option', async () => {
    await keyward('key', 'suspend', KID, '--reason', DASHED);
    expect(lastAsked()).toEqual([`POST /keys/${KID}/suspend`, { reason: DASHED }]);
  });

  it.each(['-9aMVQ', '--nonsense', `${DASHED}x`])(
    'is an option that is none otherwise: %s',
    async (option) => {
      const { exitCode, err } = await keyward('key', 'suspend', KID, '--reason', 'x', option);
      expect([exitCode, err]).toEqual([2, expect.stringContaining('unknown option')]);
    },
  );
});

describe('acts on keys', () => {
  it('rotate', async () => {
    const { out } = await keyward('key', 'rotate', 'payments');
    expect(lastAsked()).toEqual(['POST /scopes/payments/rotate', {}]);
    expect(out).toBe(
      [
        'scope          payments',
        `signs now      ${standby.kid}`,
        'signs until    2026-12-07 20:00:00Z (in 14 days)',
        `signed before  ${KID}`,
        '',
      ].join('\n'),
    );
  });

  it('undo the last rotation, of the key that can still sign', async () => {
    expect((await keyward('key', 'undo-rotation', 'payments', '--reason', 'lagging')).exitCode).toBe(0);
    expect(lastAsked()).toEqual(['POST /keys/former-60/undo-rotation', { reason: 'lagging' }]);
    const { exitCode, err } = await keyward('key', 'undo-rotation', 'mail', '--reason', 'lagging');
    expect(exitCode).toBe(1);
    expect(err).toContain('scope mail has no rotation that could be undone');
  });

  it('show what the service refuses', async () => {
    const { exitCode, err } = await keyward('key', 'resume', KID, '--reason', 'nothing found');
    expect(exitCode).toBe(1);
    expect(err).toContain('it takes two persons');
  });

  it('say that nothing was changed', async () => {
    const { out } = await keyward('key', 'destroy', KID, '--reason', 'again');
    expect(out).toContain('state         deactivated already; nothing was changed\n');
    expect(out).toContain('private half  destroyed 2026-11-23 19:59:00Z (1 minute ago)\n');
  });

  it('ask for a reason', async () => {
    for (const act of ['suspend', 'resume', 'destroy', 'compromise']) {
      expect((await keyward('key', act, KID)).exitCode).toBe(2);
    }
    expect(stub.seen).toEqual([]);
  });

  it('keep a compromised key for an investigation only when told to', async () => {
    const asked = () => stub.seen.filter(({ method }) => method === 'POST').at(-1)?.body;
    await keyward('key', 'compromise', KID, '--reason', 'dump');
    expect(asked()).toEqual({ reason: 'dump', keep_for_forensics: false });
    await keyward('key', 'compromise', KID, '--reason', 'dump', '--keep-for-forensics', '--json');
    expect(asked()).toEqual({ reason: 'dump', keep_for_forensics: true });
  });
});

describe('a compromise', () => {
  it('is said at once, and then what it hits and who has obeyed', async () => {
    const { exitCode, out } = await keyward('key', 'compromise', KID, '--reason', 'dump');
    expect(exitCode).toBe(0);
    expect(out).toBe(
      [
        `key           ${KID}`,
        'scope         payments',
        'state         compromised',
        'private half  goes as soon as the HSM is there',
        `signs now     ${standby.kid}`,
        'signs until   2026-12-07 20:00:00Z (in 14 days)',
        '',
        'compromised   2026-11-23 20:00:00Z (now)',
        'live tokens   3',
        'first issued  2026-11-22 20:00:00Z (1 day ago)',
        'last issued   2026-11-23 20:00:00Z (now)',
        'verifiers     1 of 1 connected ones have obeyed',
        '',
        'CLIENT  LIVE TOKENS',
        'login   2',
        'batch   1',
        '',
        'SUBJECT  LIVE TOKENS',
        'ada      3',
        'and 7 more',
        '',
        'VERIFIER  INSTANCE  OBEYED',
        'api       a         after 12 ms',
        'api       b         not connected',
        '',
        'ON THE SAME HSM TOKEN  SCOPE  STATE',
        'kid-2                  mail   active',
        '',
      ].join('\n'),
    );
  });

  it('is one JSON document with --json', async () => {
    const { out } = await keyward('key', 'compromise', KID, '--reason', 'dump', '--json');
    expect(JSON.parse(out)).toEqual({
      key: compromised,
      promoted: standby,
      already: false,
      replicated: true,
      compromise: hit,
    });
  });

  it('waits no longer than it is told to', async () => {
    const { out } = await keyward('key', 'compromise', KID, '--reason', 'dump', '--wait', '0');
    expect(out).toContain('live tokens  still being counted; ask again\n');
  });

  it('is shown again later', async () => {
    const { out } = await keyward('key', 'blast-radius', KID, '--json');
    expect(JSON.parse(out)).toEqual({ compromise: hit });
  });
});

describe('the compromise of an HSM token', () => {
  it('says which keys are hit, and which scopes wait', async () => {
    const { exitCode, out } = await keyward('hsm', 'compromise', 'partner', '--reason', 'PIN in a mail');
    expect(exitCode).toBe(0);
    expect(lastAsked()).toEqual([
      'POST /hsm/partner/compromise',
      { reason: 'PIN in a mail', keep_for_forensics: false },
    ]);
    expect(out).toBe(
      [
        'HSM token  partner',
        'keys       2 compromised',
        'go on      none',
        'wait       payments',
        'standbys   not yet: it is in effect, and Keyward repeats it by itself until they have it',
        '',
        'COMPROMISED                                  SCOPE',
        `${KID}  payments`,
        `${standby.kid}  payments`,
        '',
      ].join('\n'),
    );
  });
});
