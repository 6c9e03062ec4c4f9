import { expect, test, vi } from 'vitest';
import type { Client, ClientAdministration } from '../../../src/kernel/actor.ts';
import { type Credential, makeCredential, readCredential } from '../../../src/kernel/credential.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import type { ScopeAdministration } from '../../../src/kernel/registry.ts';
import type { PolicyPreview } from '../../../src/kernel/scope-change.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import {
  ACTIVE_KEY,
  ACTIVE_KEY_ANSWER,
  keyRing,
  NOW,
  PAYMENTS,
  PAYMENTS_ANSWER,
} from '../../support/payments.ts';
import { untouched } from '../../support/untouched.ts';

const CHECKOUT: Client = {
  id: 'checkout',
  description: 'Signs for the shop',
  createdAt: NOW,
  revokedAt: null,
  grants: [{ scopeId: 'payments', action: 'sign' }],
};
const CHECKOUT_ANSWER = {
  id: 'checkout',
  description: 'Signs for the shop',
  created_at: NOW,
  revoked_at: null,
  grants: [{ scope: 'payments', action: 'sign' }],
};
const ADA = { operatorId: 'ada', requestId: 'req-1' };

async function ask(
  method: 'get' | 'post' | 'patch' | 'delete',
  path: string,
  {
    as = 'operates',
    body,
    ...changes
  }: Parameters<typeof operationsPlane>[0] & { as?: string; body?: object } = {},
) {
  const http = await operationsPlane(changes);
  return http[method](path).set('Authorization', `Bearer ${as}`).set('X-Request-Id', 'req-1').send(body);
}

const CHANGES = [
  ['post', '/v1/admin/scopes'],
  ['patch', '/v1/admin/scopes/payments'],
  ['post', '/v1/admin/scopes/payments/rotation-pause'],
  ['delete', '/v1/admin/scopes/payments/rotation-pause'],
  ['post', '/v1/admin/clients'],
  ['patch', '/v1/admin/clients/checkout'],
  ['post', '/v1/admin/clients/checkout/revoke'],
  ['post', '/v1/admin/grants'],
  ['delete', '/v1/admin/grants'],
] as const;
const LOOKS = [
  '/v1/admin/scopes',
  '/v1/admin/scopes/payments',
  '/v1/admin/keys',
  '/v1/admin/clients',
] as const;

test.each(CHANGES)('%s %s needs the role operator', async (method, path) => {
  const answer = await ask(method, path, { as: 'audits' });
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
    403,
    'role_missing',
    'this needs the role operator',
  ]);
});

test.each(LOOKS)('%s is for every role, and for nobody without one', async (path) => {
  expect((await ask('get', path, { as: 'audits' })).status).toBe(200);
  expect((await ask('get', path, { as: 'idles' })).body.code).toBe('role_missing');
  expect((await ask('get', path, { as: 'signs' })).body.code).toBe('credential_invalid');
});

test('scopes are listed, and shown singly with their keys', async () => {
  expect((await ask('get', '/v1/admin/scopes')).body).toEqual({ scopes: [PAYMENTS_ANSWER] });
  expect((await ask('get', '/v1/admin/scopes/payments')).body).toEqual({
    scope: PAYMENTS_ANSWER,
    keys: [ACTIVE_KEY_ANSWER],
  });
  expect((await ask('get', '/v1/admin/scopes/ghost')).body.code).toBe('unknown_scope');
});

test('what a change of a scope would refuse is told to every role, and changes nothing', async () => {
  const path = '/v1/admin/scopes/payments/preview';
  const refusals = vi.fn<PolicyPreview['refusals']>(async () => [
    { member: 'maxTtlSeconds', counted: { tokens: 12, bound: 'exact' } },
    { member: 'tokenTypes', counted: null },
  ]);
  const body = { policy: { max_ttl_seconds: 60, token_types: ['JWT'] }, contacts: ['a@id.example'] };
  const answer = await ask('post', path, { as: 'audits', policyPreview: { refusals }, body });
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      refusals: [
        { member: 'max_ttl_seconds', counted: { tokens: 12, bound: 'exact' } },
        { member: 'token_types', counted: null },
      ],
    },
  ]);
  expect(refusals.mock.calls).toEqual([['payments', { maxTtlSeconds: 60, tokenTypes: ['JWT'] }]]);
  expect((await ask('post', path, { as: 'idles', body })).body.code).toBe('role_missing');
  expect((await ask('post', path, { body: { policy: { max_ttl_seconds: 0 } } })).body.code).toBe(
    'invalid_request',
  );
  expect((await ask('post', path, { body: { policy: { ttl: 1 } } })).body.code).toBe('unknown_member');
});

const EMPTY_RING = createKeyRing();
const creating = () => {
  const create = vi.fn<ScopeAdministration['create']>(async () => ({ scope: PAYMENTS, keys: [ACTIVE_KEY] }));
  return {
    create,
    scopes: untouched<ScopeAdministration>({ requirePlaceable: async () => {}, create }),
    keyRing: EMPTY_RING,
  };
};
const NAMED = { id: 'payments', issuer: 'https://id.example', audience: 'payments-api' };

test('a scope is created with the defaults for all that is left out', async () => {
  const { create, ...parts } = creating();
  const answer = await ask('post', '/v1/admin/scopes', { ...parts, body: NAMED });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({ scope: PAYMENTS_ANSWER, keys: [ACTIVE_KEY_ANSWER] });
  expect(answer.headers.location).toBe('/v1/admin/scopes/payments');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(create.mock.calls).toEqual([
    [
      {
        ...NAMED,
        algorithm: 'ES256',
        modulusBits: null,
        hsmToken: 'primary',
        standbyToken: null,
        policy: DEFAULT_POLICY,
        contacts: [],
      },
      ADA,
    ],
  ]);
});

test('a scope of RSA has 2048 bits unless it asks for more, and a policy what it names', async () => {
  const { create, ...parts } = creating();
  const policy = { max_ttl_seconds: 60, token_types: ['JWT'], require_subject: false };
  await ask('post', '/v1/admin/scopes', { ...parts, body: { ...NAMED, algorithm: 'RS256', policy } });
  await ask('post', '/v1/admin/scopes', {
    ...parts,
    body: { ...NAMED, algorithm: 'PS256', modulus_bits: 4096 },
  });
  expect(create.mock.calls.map(([definition]) => definition)).toEqual([
    {
      ...NAMED,
      algorithm: 'RS256',
      modulusBits: 2048,
      hsmToken: 'primary',
      standbyToken: null,
      policy: {
        ...DEFAULT_POLICY,
        maxTtlSeconds: 60,
        defaultTtlSeconds: 60,
        tokenTypes: ['JWT'],
        requireSubject: false,
      },
      contacts: [],
    },
    {
      ...NAMED,
      algorithm: 'PS256',
      modulusBits: 4096,
      hsmToken: 'primary',
      standbyToken: null,
      policy: DEFAULT_POLICY,
      contacts: [],
    },
  ]);
});

test.each([
  [{ ...NAMED, algorithm: 'HS256' }, 'invalid_request', /^algorithm: use one of ES256, /],
  [{ ...NAMED, modulus_bits: 1024 }, 'invalid_request', /^modulus_bits: use one of 2048, 3072, 4096$/],
  [{ ...NAMED, issuer: 1 }, 'invalid_request', /^issuer: use text$/],
  [
    { ...NAMED, policy: { max_ttl_seconds: 0 } },
    'invalid_request',
    /^policy\.max_ttl_seconds: use a whole number from 1 to 86400$/,
  ],
  [{ ...NAMED, policy: { ttl: 1 } }, 'unknown_member', /^leave out policy\.ttl$/],
])('a scope asked for as %j is refused', async (body, code, detail) => {
  const answer = await ask('post', '/v1/admin/scopes', { body });
  expect([answer.status, answer.body.code]).toEqual([422, code]);
  expect(answer.body.detail).toMatch(detail);
});

test('a scope with standbys on another HSM token is placed on both, and one that gets them on the new one alone', async () => {
  const placed: [string, readonly string[]][] = [];
  const { create } = creating();
  const change = vi.fn<ScopeAdministration['change']>(async () => PAYMENTS);
  const requirePlaceable: ScopeAdministration['requirePlaceable'] = async (algorithm, hsmTokens) =>
    void placed.push([algorithm, hsmTokens]);
  const scopes = untouched<ScopeAdministration>({ requirePlaceable, create, change });
  const body = { ...NAMED, hsm_token: 'issuer-b', standby_token: 'issuer-c' };
  expect((await ask('post', '/v1/admin/scopes', { scopes, keyRing: EMPTY_RING, body })).status).toBe(201);
  expect(create.mock.calls[0]?.[0]).toMatchObject({ hsmToken: 'issuer-b', standbyToken: 'issuer-c' });
  for (const standby_token of ['issuer-b', null]) {
    await ask('patch', '/v1/admin/scopes/payments', { scopes, body: { standby_token } });
  }
  expect(change.mock.calls.map(([, asked]) => asked.standbyToken)).toEqual(['issuer-b', null]);
  expect(placed).toEqual([
    ['ES256', ['issuer-b', 'issuer-c']],
    ['ES256', ['issuer-b']],
  ]);
});

test('a scope that is taken is a conflict', async () => {
  const create = () => Promise.reject(new KeywardError('scope_exists', 'choose another id'));
  const late = {
    scopes: untouched<ScopeAdministration>({ requirePlaceable: async () => {}, create }),
    keyRing: EMPTY_RING,
  };
  const known = await ask('post', '/v1/admin/scopes', { body: NAMED });
  const meanwhile = await ask('post', '/v1/admin/scopes', { ...late, body: NAMED });
  for (const { status, body } of [known, meanwhile]) {
    expect([status, body.code]).toEqual([409, 'scope_exists']);
  }
  const { status, body } = await ask('post', '/v1/admin/scopes', { body: { ...NAMED, id: 'other' } });
  expect([status, body.code]).toEqual([409, 'issuer_audience_taken']);
});

test('a scope is changed in the members that are sent, and answered as it then is', async () => {
  const change = vi.fn<ScopeAdministration['change']>(async () => ({
    ...PAYMENTS,
    policy: { ...DEFAULT_POLICY, maxTtlSeconds: 900 },
    contacts: ['security@id.example'],
  }));
  const scopes = untouched<ScopeAdministration>({ change });
  const body = {
    policy: { max_ttl_seconds: 900, root_claim: null },
    contacts: ['security@id.example'],
  };
  const answer = await ask('patch', '/v1/admin/scopes/payments', { scopes, body });
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      scope: {
        ...PAYMENTS_ANSWER,
        policy: { ...PAYMENTS_ANSWER.policy, max_ttl_seconds: 900 },
        contacts: ['security@id.example'],
      },
      keys: [ACTIVE_KEY_ANSWER],
    },
  ]);
  await ask('patch', '/v1/admin/scopes/payments', { scopes, body: {} });
  expect(change.mock.calls).toEqual([
    ['payments', { policy: { maxTtlSeconds: 900, rootClaim: null }, contacts: ['security@id.example'] }, ADA],
    ['payments', { policy: {} }, ADA],
  ]);
});

test.each([
  [{ audience: 'other' }, 'unknown_member', 'leave out audience'],
  [{ policy: { ttl: 1 } }, 'unknown_member', 'leave out policy.ttl'],
  [
    { policy: { clock_skew_seconds: 301 } },
    'invalid_request',
    'policy.clock_skew_seconds: use a whole number from 0 to 300',
  ],
  [
    { standby_token: 'primary' },
    'invalid_scope',
    'standby_token: name another HSM token than hsm_token, or none',
  ],
  [{ contacts: 'security@id.example' }, 'invalid_request', 'contacts: use a list of addresses'],
  [{ contacts: [7] }, 'invalid_request', 'contacts.0: use text'],
])('a change of a scope asked for as %j is refused', async (body, code, detail) => {
  const answer = await ask('patch', '/v1/admin/scopes/payments', { body });
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([422, code, detail]);
});

test('keys are listed for all scopes or for one that exists', async () => {
  const all = { keys: [ACTIVE_KEY_ANSWER], refused: [] };
  expect((await ask('get', '/v1/admin/keys')).body).toEqual(all);
  expect((await ask('get', '/v1/admin/keys?scope=payments')).body).toEqual(all);
  const outcomes = [];
  for (const query of ['scope=ghost', 'scope=payments&scope=mail', 'kid=1']) {
    const { status, body } = await ask('get', `/v1/admin/keys?${query}`);
    outcomes.push([status, body.code, body.detail]);
  }
  expect(outcomes).toEqual([
    [404, 'unknown_scope', 'there is no scope of this id'],
    [422, 'invalid_request', 'scope: name one scope'],
    [422, 'unknown_member', 'leave out kid'],
  ]);
});

test('a key out of service is listed with the reason, and so is a row that was refused', async () => {
  const proof = { status: 'unproven', reasons: ['CKA_EXTRACTABLE is true and must be false'] } as const;
  const out = {
    keyRing: { ...keyRing, activeKey: () => undefined, keysOf: () => [] },
    knownKeys: {
      knownKeysOf: () => [{ key: ACTIVE_KEY, proof }],
      knownKey: () => ({ key: ACTIVE_KEY, proof }),
      refusedKeys: () =>
        ['payments', 'gone'].map((scopeId) => ({ kid: 'kid-2', scopeId, why: 'kid: differs' })),
    },
  };
  const refused = ['payments', 'gone'].map((scope) => ({ kid: 'kid-2', scope, why: 'kid: differs' }));
  const keys = [{ ...ACTIVE_KEY_ANSWER, proof }];
  expect((await ask('get', '/v1/admin/keys', out)).body).toEqual({ keys, refused });
  expect((await ask('get', '/v1/admin/keys?scope=payments', out)).body).toEqual({
    keys,
    refused: refused.slice(0, 1),
  });
  expect((await ask('get', '/v1/admin/scopes/payments', out)).body).toEqual({ scope: PAYMENTS_ANSWER, keys });
});

test('a client is created with a credential that is shown this once, of which the digest is kept', async () => {
  const enrol = vi.fn<ClientAdministration['enrol']>(async () => ({ client: CHECKOUT }));
  const administration = untouched<ClientAdministration>({ list: () => [], enrol });
  const body = { id: 'checkout', description: 'Signs for the shop' };
  const answer = await ask('post', '/v1/admin/clients', { clients: administration, body });
  expect(answer.status).toBe(201);
  const { credential, ...rest } = answer.body;
  expect(rest).toEqual({ client: CHECKOUT_ANSWER });
  const { digest } = readCredential(credential) as Credential;
  expect(answer.headers).toMatchObject({
    location: '/v1/admin/clients/checkout',
    'cache-control': 'no-store',
  });
  await ask('post', '/v1/admin/clients', { clients: administration, body: { id: 'bare' } });
  expect(enrol.mock.calls).toEqual([
    [{ ...body, digest }, ADA],
    [{ id: 'bare', description: '', digest: expect.any(Buffer) }, ADA],
  ]);
});

test('a client whose credential was made elsewhere is created with its digest, and shown none', async () => {
  const enrol = vi.fn<ClientAdministration['enrol']>(async () => ({ client: CHECKOUT }));
  const { digest } = makeCredential('svc');
  const body = { id: 'checkout', credential_digest: digest.toString('base64url') };
  const answer = await ask('post', '/v1/admin/clients', {
    clients: untouched<ClientAdministration>({ list: () => [], enrol }),
    body,
  });
  expect([answer.status, answer.body]).toEqual([201, { client: CHECKOUT_ANSWER }]);
  expect(enrol.mock.calls).toEqual([[{ id: 'checkout', description: '', digest }, ADA]]);
});

test('clients are listed and shown singly', async () => {
  const administration = untouched<ClientAdministration>({ list: () => [CHECKOUT] });
  expect((await ask('get', '/v1/admin/clients', { clients: administration })).body).toEqual({
    clients: [CHECKOUT_ANSWER],
  });
  expect((await ask('get', '/v1/admin/clients/checkout', { clients: administration })).body).toEqual({
    client: CHECKOUT_ANSWER,
  });
  const { status, body } = await ask('get', '/v1/admin/clients/ghost', { clients: administration });
  expect([status, body.code]).toEqual([404, 'unknown_client']);
});

test('a client is described anew, and not twice', async () => {
  const describe = vi.fn(async () => ({ ...CHECKOUT, description: 'The shop' }));
  const administration = untouched<ClientAdministration>({ list: () => [CHECKOUT], describe });
  const described = (description: unknown) =>
    ask('patch', '/v1/admin/clients/checkout', { clients: administration, body: { description } });
  const answer = await described('The shop');
  expect([answer.status, answer.body]).toEqual([
    200,
    { client: { ...CHECKOUT_ANSWER, description: 'The shop' } },
  ]);
  expect(describe.mock.calls).toEqual([['checkout', 'The shop', ADA]]);
  expect((await described('a\u0007b')).body).toMatchObject({
    code: 'invalid_client',
    detail: 'description: use up to 256 printable characters',
  });
  expect((await described(7)).body).toMatchObject({
    code: 'invalid_request',
    detail: 'description: use text',
  });
  expect(describe).toHaveBeenCalledTimes(1);
});

test('a client is revoked without a body', async () => {
  const revoke = vi.fn(async () => ({ ...CHECKOUT, revokedAt: NOW + 1 }));
  const answer = await ask('post', '/v1/admin/clients/checkout/revoke', {
    clients: untouched<ClientAdministration>({ list: () => [CHECKOUT], revoke }),
  });
  expect([answer.status, answer.body]).toEqual([
    200,
    { client: { ...CHECKOUT_ANSWER, revoked_at: NOW + 1 } },
  ]);
  expect(revoke.mock.calls).toEqual([['checkout', ADA]]);
});

test('grants are added and removed by the same document', async () => {
  const grant = vi.fn(async () => CHECKOUT);
  const withdraw = vi.fn(async () => ({ ...CHECKOUT, grants: [] }));
  const administration = untouched<ClientAdministration>({ list: () => [CHECKOUT], grant, withdraw });
  const body = { client: 'checkout', scope: 'payments', action: 'sign' };
  const added = await ask('post', '/v1/admin/grants', { clients: administration, body });
  const removed = await ask('delete', '/v1/admin/grants', { clients: administration, body });
  expect([added.status, added.body]).toEqual([200, { client: CHECKOUT_ANSWER }]);
  expect([removed.status, removed.body]).toEqual([200, { client: { ...CHECKOUT_ANSWER, grants: [] } }]);
  expect(grant.mock.calls).toEqual([['checkout', 'payments', 'sign', ADA]]);
  expect(withdraw.mock.calls).toEqual([['checkout', 'payments', 'sign', ADA]]);
});

test('a grant names an action that exists', async () => {
  const body = { client: 'checkout', scope: 'payments', action: 'admin' };
  const answer = await ask('post', '/v1/admin/grants', { body });
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
    422,
    'invalid_request',
    'action: use one of sign, verify, revoke',
  ]);
});
