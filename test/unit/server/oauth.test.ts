import { describe, expect, it } from 'vitest';
import { createAccess } from '../../../src/access/create-access.ts';
import type { RejectedSecret } from '../../../src/kernel/activity.ts';
import type { Action } from '../../../src/kernel/actor.ts';
import { makeCredential } from '../../../src/kernel/credential.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { MemoryAccessStore } from '../../support/memory-access-store.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import type { DataPlaneDeps } from '../../support/planes.ts';
import { LIMITS } from '../../support/planes.ts';
import { ALICE } from '../../support/registry-samples.ts';

const INTROSPECT = '/v1/scopes/payments/introspect';
const REVOKE = '/v1/scopes/payments/revoke';
const FORM = 'application/x-www-form-urlencoded';
const INVALID_CLIENT = [401, 'invalid_client'];

/** Every character but letters and digits, as some clients write it (RFC 6749 appendix B). */
const encoded = (text: string) =>
  text.replaceAll(/[^0-9a-z]/gi, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
const basic = (id: string, secret: string) => `Basic ${btoa(`${id}:${secret}`)}`;

async function service(changes: Partial<DataPlaneDeps> = {}) {
  const access = await createAccess(new MemoryAccessStore(), { nowSeconds: () => 100 }, () => true);
  const client = async (id: string, ...actions: Action[]) => {
    const { credential } = await access.clients.create({ id, description: '' }, ALICE);
    for (const action of actions) await access.clients.grant(id, 'payments', action, ALICE);
    return credential;
  };
  const credential = await client('web-shop', 'verify', 'revoke');
  const other = await client('other', 'verify', 'revoke');
  const idle = await client('idle');
  const http = await dataPlane({ authenticator: access.authenticator, grants: access.grants, ...changes });
  const post = async (path: string, form: Record<string, string> | string, authorization?: string) => {
    const asked = http.post(path).set('Content-Type', FORM);
    if (authorization !== undefined) asked.set('Authorization', authorization);
    return asked.send(typeof form === 'string' ? form : new URLSearchParams(form).toString());
  };
  const operator = await access.operators.create({ id: 'web-shop', roles: ['operator'] }, ALICE);
  return { access, http, post, credential, other, idle, operator: operator.credential };
}

describe.each([
  ['introspection', INTROSPECT, { active: true }],
  ['revocation', REVOKE, {}],
])('%s', (_, path, good) => {
  it.each([
    ['as a Bearer token', (secret: string) => ({ authorization: `Bearer ${secret}` })],
    ['as client_secret_basic', (secret: string) => ({ authorization: basic('web-shop', secret) })],
    [
      'the same, form-urlencoded',
      (secret: string) => ({ authorization: basic('web%2Dshop', encoded(secret)) }),
    ],
    [
      'the same, the scheme in other letters',
      (secret: string) => ({ authorization: basic('web-shop', secret).replace('Basic', 'bASIC') }),
    ],
    ['as client_secret_post', (secret: string) => ({ client_id: 'web-shop', client_secret: secret })],
    [
      'as Basic, with its id in the body too',
      (secret: string) => ({ authorization: basic('web-shop', secret), client_id: 'web-shop' }),
    ],
    [
      'as a Bearer token, with its id in the body too',
      (secret: string) => ({ authorization: `Bearer ${secret}`, client_id: 'web-shop' }),
    ],
  ])('takes the credential %s', async (_, show) => {
    const { post, credential } = await service();
    const { authorization, ...members } = show(credential) as Record<string, string>;
    const answer = await post(path, { token: 'good', ...members }, authorization);
    expect([answer.status, answer.body]).toEqual([200, expect.objectContaining(good)]);
  });

  it('refuses a credential with the id of another client, as it refuses one that nobody holds', async () => {
    const { post, credential, operator } = await service();
    const stranger = makeCredential('svc').text;
    const told = [];
    for (const [id, secret] of [
      ['other', credential],
      ['nobody', credential],
      ['WEB-SHOP', credential],
      ['web-shop', stranger],
      ['nobody', stranger],
      ['web-shop', operator],
    ] as const) {
      const answers = [
        await post(path, { token: 'good' }, basic(id, secret)),
        await post(path, { token: 'good', client_id: id, client_secret: secret }),
      ];
      for (const { status, body, headers } of answers) {
        told.push(JSON.stringify([status, body, headers['www-authenticate']]));
      }
    }
    expect([...new Set(told)].map((text) => JSON.parse(text))).toEqual([
      [
        401,
        { error: 'invalid_client', error_description: 'The credential is not valid here.' },
        'Basic realm="keyward"',
      ],
    ]);
  });

  it('refuses the credential of a client that is revoked', async () => {
    const { access, post, credential } = await service();
    await access.clients.revoke('web-shop', ALICE);
    const form = { token: 'good', client_id: 'web-shop', client_secret: credential };
    for (const answer of [
      await post(path, { token: 'good' }, basic('web-shop', credential)),
      await post(path, form),
    ]) {
      expect([answer.status, answer.body.error]).toEqual(INVALID_CLIENT);
    }
  });

  it.each([
    ['no colon', () => `Basic ${btoa('web-shop')}`],
    ['an empty id', (secret: string) => basic('', secret)],
    ['an empty secret', () => basic('web-shop', '')],
    ['%-encoding that does not decode', (secret: string) => basic('web%2', secret)],
    ['%-encoding that is not UTF-8', (secret: string) => basic('web%ff', secret)],
    ['a secret encoded twice', (secret: string) => basic('web-shop', encoded(encoded(secret)))],
    ['a secret that is cut off', (secret: string) => basic('web-shop', secret.slice(0, -1))],
    ['what is not base64', (secret: string) => `Basic web-shop:${secret}`],
    ['base64 of other bits', (secret: string) => basic('web-shopx', secret).replace(/.=$/, 'B=')],
    ['a space in the id', (secret: string) => basic('web shop', secret)],
    ['nothing', () => 'Basic '],
    ['too much', (secret: string) => basic('w'.repeat(1_000), secret)],
  ])('refuses Basic with %s', async (_, header) => {
    const { post, credential } = await service();
    const { status, body, headers } = await post(path, { token: 'good' }, header(credential));
    expect([status, body.error, headers['www-authenticate']]).toEqual([
      ...INVALID_CLIENT,
      'Basic realm="keyward"',
    ]);
  });

  it('refuses two methods at once, and what a method lacks', async () => {
    const { post, credential, other } = await service();
    const [bearer, header] = [`Bearer ${credential}`, basic('web-shop', credential)];
    const token = { token: 'good' };
    const secret = { client_id: 'web-shop', client_secret: credential };
    const answers = [
      await post(path, { ...token, ...secret }, bearer),
      await post(path, { ...token, ...secret }, header),
      await post(path, { ...token, client_secret: other }, bearer),
      await post(path, { ...token, client_assertion: 'e.e.s' }, header),
      await post(path, { ...token, ...secret, client_assertion: 'e.e.s' }),
      await post(path, { ...token, client_id: 'other' }, header),
      await post(path, { ...token, client_id: 'other' }, bearer),
      await post(path, { ...token, client_secret: credential }),
      await post(path, `token=good&client_id=web-shop&client_secret=${credential}&client_secret=${other}`),
      await post(path, {}, bearer),
      await post(path, secret),
    ];
    expect(answers.map(({ status, body }) => [status, body.error])).toEqual(
      answers.map(() => [400, 'invalid_request']),
    );
  });

  it('challenges in the scheme that was used, and in both where there was none', async () => {
    const { post } = await service();
    const stranger = makeCredential('svc').text;
    const token = { token: 'good' };
    const answers = [
      await post(path, token),
      await post(path, { ...token, client_id: 'web-shop' }),
      await post(path, { ...token, client_id: 'web-shop', client_secret: stranger }),
      await post(path, token, basic('web-shop', stranger)),
      await post(path, token, `Bearer ${stranger}`),
      await post(path, token, 'Digest username="web-shop"'),
    ];
    const invalid = 'Bearer realm="keyward", error="invalid_token"';
    expect(answers.map(({ body, headers }) => [body.error, headers['www-authenticate']])).toEqual([
      ['invalid_client', 'Bearer realm="keyward", Basic realm="keyward"'],
      ['invalid_client', 'Bearer realm="keyward", Basic realm="keyward"'],
      ['invalid_client', 'Basic realm="keyward"'],
      ['invalid_client', 'Basic realm="keyward"'],
      ['invalid_client', invalid],
      ['invalid_client', `${invalid}, Basic realm="keyward"`],
    ]);
  });

  it('tells a client without the grant that it is not enough', async () => {
    const { post, idle } = await service();
    const description = expect.stringMatching(/^this client holds no grant to /);
    for (const [scheme, answer] of [
      ['Bearer', await post(path, { token: 'good' }, `Bearer ${idle}`)],
      ['Basic', await post(path, { token: 'good' }, basic('idle', idle))],
      ['Basic', await post(path, { token: 'good', client_id: 'idle', client_secret: idle })],
    ] as const) {
      expect([answer.status, answer.body]).toEqual([
        403,
        { error: 'insufficient_scope', error_description: description },
      ]);
      expect(answer.headers['www-authenticate']).toBe(
        `${scheme} realm="keyward", error="insufficient_scope"`,
      );
    }
  });

  it('answers whatever goes wrong as OAuth has it', async () => {
    const { http, post, credential } = await service();
    const bearer = `Bearer ${credential}`;
    const json = await http.post(path).set('Authorization', bearer).send({ token: 'good' });
    const answers = [
      json,
      await http.get(path),
      await post(path.replace('payments', 'ghost'), { token: 'good' }, bearer),
      await post(path, `token=${'x'.repeat(17_000)}`, bearer),
    ];
    expect(answers.map(({ status, body, type }) => [status, type, body.error])).toEqual(
      [415, 405, 404, 413].map((status) => [status, 'application/json', 'invalid_request']),
    );
    for (const { body, headers } of answers) {
      expect(Object.keys(body)).toEqual(['error', 'error_description']);
      expect(headers['cache-control']).toBe('no-store');
    }
    expect(answers[1]?.headers.allow).toBe('POST');
  });

  it('says that it is away, and when to ask again', async () => {
    const away = () => Promise.reject(new KeywardError('ledger_unavailable', 'the ledger is “away”'));
    const { post, credential } = await service({
      verifier: { verify: away },
      tokenRevocation: { revoke: away },
    });
    const { status, body, headers } = await post(path, { token: 'good' }, basic('web-shop', credential));
    expect([status, body, headers['retry-after']]).toEqual([
      503,
      { error: 'temporarily_unavailable', error_description: 'the ledger is ?away?' },
      '1',
    ]);
  });

  it('tells nothing of an error that nobody foresaw', async () => {
    const broken = () => Promise.reject(new Error('/var/lib/secret'));
    const { post, credential } = await service({
      verifier: { verify: broken },
      tokenRevocation: { revoke: broken },
    });
    const { status, body } = await post(path, { token: 'good' }, `Bearer ${credential}`);
    expect([status, body]).toEqual([500, { error: 'server_error' }]);
  });

  it('counts wrong secrets of either method against the address', async () => {
    const { post } = await service({
      limits: { ...LIMITS, failed_authentications_per_minute: 2 },
    });
    const stranger = makeCredential('svc').text;
    await post(path, { token: 'good' }, basic('web-shop', stranger));
    await post(path, { token: 'good', client_id: 'web-shop', client_secret: stranger });
    const { status, body, headers } = await post(path, { token: 'good' }, basic('web-shop', stranger));
    expect([status, body.error, Number(headers['retry-after'])]).toEqual([
      429,
      'temporarily_unavailable',
      expect.any(Number),
    ]);
  });

  it('has what was shown in vain looked at, in the header or the body', async () => {
    const heard: RejectedSecret[] = [];
    const callers = {
      authenticated: () => {},
      refused: () => {},
      rejectedSecret: (what: RejectedSecret) => heard.push(what),
    };
    const { post, idle } = await service({ callers });
    const stranger = makeCredential('svc').text;
    await post(path, { token: 'a' }, basic('web-shop', stranger));
    await post(path, { token: 'b', client_id: 'web-shop', client_secret: stranger });
    await post(path, { token: 'eyJh.c.s', client_id: 'idle', client_secret: idle });
    expect(heard.map(({ text, caller }) => [text, caller])).toEqual([
      [basic('web-shop', stranger), null],
      [stranger, null],
      ['eyJh.c.s', 'client:idle'],
    ]);
  });
});

it('takes client_secret_basic where OAuth has it, and nowhere else', async () => {
  const { http, credential } = await service();
  const answer = await http
    .post('/v1/scopes/payments/verify')
    .set('Authorization', basic('web-shop', credential))
    .send({ token: 'good' });
  expect([answer.status, answer.body.code, answer.headers['www-authenticate']]).toEqual([
    401,
    'credential_malformed',
    'Bearer realm="keyward", error="invalid_token"',
  ]);
});
