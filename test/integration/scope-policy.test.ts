import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let sign: string;
let verify: string;

beforeAll(async () => {
  service = await startService();
  ({ sign, verify } = await service.provision({ id: 'payments', policy: { max_ttl_seconds: 600 } }));
}, 120_000);

afterAll(() => service.remove());

const change = (body: object) => service.operations('PATCH', '/v1/admin/scopes/payments', body);
const token = (ttl_seconds: number) =>
  service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' }, ttl_seconds });
const verdict = async (presented: string) =>
  (await service.data('POST', '/v1/scopes/payments/verify', verify, { token: presented })).body;
const keySet = async () => (await service.data('GET', '/scopes/payments/jwks.json')).body;

it('lengthens no token beyond what its key was bound with when the policy is widened', async () => {
  expect((await token(601)).body.code).toBe('ttl_out_of_policy');
  const { status, body } = await change({ policy: { max_ttl_seconds: 1200 } });
  expect([status, body.scope.policy.max_ttl_seconds]).toEqual([200, 1200]);
  expect((await token(601)).body).toMatchObject({
    code: 'ttl_out_of_policy',
    detail: 'ttl_seconds: use a whole number from 1 to 600',
  });
  expect((await token(600)).status).toBe(201);
});

it('says before it is narrowed how many living tokens that refuses, and refuses just those', async () => {
  const preview = (body: object) => service.operations('POST', '/v1/admin/scopes/tiers/preview', body);
  const { sign: signTiers, verify: verifyTiers } = await service.provision({
    id: 'tiers',
    policy: { max_ttl_seconds: 600, require_subject: false },
  });
  const issue = async (ttl_seconds: number, more: object) =>
    (await service.data('POST', '/v1/scopes/tiers/tokens', signTiers, { ttl_seconds, ...more })).body.token;
  const tokens = [
    await issue(300, { typ: 'JWT', claims: { sub: 'alice' } }),
    await issue(301, { typ: 'JWT', claims: { sub: 'alice' } }),
    await issue(600, { typ: 'JWT', claims: {} }),
  ];
  const refused = async (reason: string) => {
    const answers = await Promise.all(
      tokens.map((presented) =>
        service.data('POST', '/v1/scopes/tiers/verify', verifyTiers, { token: presented }),
      ),
    );
    return answers.filter(({ body }) => body.reason === reason).length;
  };
  const told = async (policy: object) => (await preview({ policy })).body.refusals;
  expect(await told({ token_types: ['at+jwt'], require_subject: true, max_ttl_seconds: 300 })).toEqual([
    { member: 'max_ttl_seconds', counted: { tokens: 2, bound: 'exact' } },
    { member: 'token_types', counted: { tokens: 3, bound: 'at_most' } },
    { member: 'require_subject', counted: { tokens: 1, bound: 'at_most' } },
  ]);
  expect(await told({ max_ttl_seconds: 700, clock_skew_seconds: 5, default_ttl_seconds: 60 })).toEqual([]);
  expect((await service.operations('POST', '/v1/admin/scopes/ghost/preview', {})).body.code).toBe(
    'unknown_scope',
  );
  const narrow = (policy: object) => service.operations('PATCH', '/v1/admin/scopes/tiers', { policy });
  expect(await refused('lifetime_too_long')).toBe(0);
  await narrow({ max_ttl_seconds: 300 });
  expect(await refused('lifetime_too_long')).toBe(2);
  // Those are refused already, so that a further change refuses none of them.
  expect(await told({ max_ttl_seconds: 299 })).toEqual([
    { member: 'max_ttl_seconds', counted: { tokens: 1, bound: 'exact' } },
  ]);
  await narrow({ token_types: ['at+jwt'] });
  expect(await refused('wrong_type')).toBe(3);
});

it('is narrowed for the next token and the next verification', async () => {
  const long = (await token(600)).body.token;
  expect(await verdict(long)).toMatchObject({ valid: true });
  expect((await change({ policy: { max_ttl_seconds: 60 } })).body.scope.policy).toMatchObject({
    max_ttl_seconds: 60,
    default_ttl_seconds: 60,
  });
  expect(await verdict(long)).toEqual({ valid: false, reason: 'lifetime_too_long' });
  expect((await token(61)).body.code).toBe('ttl_out_of_policy');
  expect(await verdict((await token(60)).body.token)).toMatchObject({ valid: true });
});

it('publishes the bounds that a smaller skew makes', async () => {
  const before = await keySet();
  await change({ policy: { clock_skew_seconds: 10 } });
  const bounds = (set: { keys: { exp: number }[] }) => set.keys.map(({ exp }) => exp);
  expect(bounds(await keySet())).toEqual(bounds(before).map((exp) => exp - 20));
});

it('refuses a policy that contradicts itself, and a scope that is not there', async () => {
  const { status, body } = await change({ policy: { default_ttl_seconds: 61 } });
  expect([status, body.code, body.detail]).toEqual([
    422,
    'invalid_policy',
    'policy.default_ttl_seconds: must not exceed max_ttl_seconds',
  ]);
  expect((await service.operations('PATCH', '/v1/admin/scopes/ghost', {})).body.code).toBe('unknown_scope');
});

it('stands after a restart, with its contacts, and in the audit trail', async () => {
  const contacts = ['security@example.com', 'on-call@example.com'];
  expect((await change({ contacts })).body.scope.contacts).toEqual(contacts);
  expect((await change({ contacts: contacts.toReversed() })).body.scope.contacts).toEqual(contacts);
  const { body: before } = await service.operations('GET', '/v1/admin/scopes/payments');
  service = await service.restart();
  const { body: after } = await service.operations('GET', '/v1/admin/scopes/payments');
  expect(after.scope).toEqual(before.scope);
  const { body: trail } = await service.operations('GET', '/v1/admin/audit?limit=1000');
  const changes = trail.events.filter(
    ({ type, subject }: { type: string; subject: string }) =>
      type === 'scope.changed' && subject === 'scope:payments',
  );
  const registry = { version: expect.any(Number), sha256: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) };
  expect(changes.map(({ details }: { details: object }) => details)).toEqual([
    { was: { max_ttl_seconds: 600 }, is: { max_ttl_seconds: 1200 }, weakens: ['max_ttl_seconds'], registry },
    {
      was: { max_ttl_seconds: 1200, default_ttl_seconds: 300 },
      is: { max_ttl_seconds: 60, default_ttl_seconds: 60 },
      weakens: [],
      registry,
    },
    { was: { clock_skew_seconds: 30 }, is: { clock_skew_seconds: 10 }, weakens: [], registry },
    { was: { contacts: [] }, is: { contacts }, weakens: ['contacts'], registry },
  ]);
});
