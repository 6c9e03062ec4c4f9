import { expect, test, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { KeyRing } from '../../../src/kernel/key.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { ACTIVE_KEY, ISSUED, keyRing, NOW, PAYMENTS, RELEASED } from '../../support/payments.ts';

const PATH = '/v1/scopes/payments/jws';

async function post(body: object, changes: Parameters<typeof dataPlane>[0] = {}) {
  return (await dataPlane(changes)).post(PATH).set('Authorization', 'Bearer signs').send(body);
}

async function terms(credential: string, ring: KeyRing) {
  return (await dataPlane({ keyRing: ring })).get(PATH).set('Authorization', `Bearer ${credential}`);
}

const enabled: KeyRing = {
  ...keyRing,
  scope: (id) => {
    const scope = keyRing.scope(id);
    return scope && { ...scope, policy: { ...scope.policy, externalClaims: true } };
  },
};

test('the issuer gets the signing input as it was sent, and the token is answered', async () => {
  const issue = vi.fn(async () => RELEASED);
  const answer = await post({ signing_input: 'e30.e30 ' }, { issuer: { issue } });
  expect([answer.status, answer.body]).toEqual([201, ISSUED]);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(issue.mock.calls).toEqual([
    [{ scopeId: 'payments', clientId: 'identity', signingInput: 'e30.e30 ' }],
  ]);
});

test.each([
  [{}, 'invalid_request', 'signing_input: use header and claims in base64url with a dot between them'],
  [
    { signing_input: 1 },
    'invalid_request',
    'signing_input: use header and claims in base64url with a dot between them',
  ],
  [{ signing_input: 'a.b', digest: 'x' }, 'unknown_member', 'leave out digest'],
])('%j is refused', async (body, code, detail) => {
  const answer = await post(body);
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([422, code, detail]);
});

test('16 KiB of body pass, and one byte more does not', async () => {
  const input = (bytes: number) => ({ signing_input: 'a'.repeat(bytes - '{"signing_input":""}'.length) });
  expect((await post(input(16_384))).status).toBe(201);
  expect((await post(input(16_385))).body.code).toBe('body_too_large');
});

test.each([
  ['external_claims_off', 403],
  ['malformed_signing_input', 422],
  ['wrong_header', 422],
  ['wrong_algorithm', 422],
  ['kid_not_active', 409],
  ['wrong_issuer', 422],
  ['wrong_audience', 422],
  ['iat_out_of_skew', 422],
  ['iat_outside_window', 422],
  ['already_expired', 422],
  ['nbf_after_iat', 422],
  ['invalid_jti', 422],
  ['jti_used', 409],
] as const)('%s is answered as %d', async (code, status) => {
  const issue = () => Promise.reject(new KeywardError(code, 'what to do'));
  const answer = await post({ signing_input: 'a.b' }, { issuer: { issue } });
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([status, code, 'what to do']);
});

test('the terms name the key that signs now, and what a signing input may say', async () => {
  const answer = await terms('signs', enabled);
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      issuer: PAYMENTS.issuer,
      audience: PAYMENTS.audience,
      kid: ACTIVE_KEY.kid,
      alg: 'ES256',
      token_types: ['at+jwt', 'JWT'],
      max_ttl_seconds: 3600,
      clock_skew_seconds: 30,
      sign_until: NOW + 1000,
    },
  ]);
  expect(answer.headers['cache-control']).toBe('no-store');
});

test.each<[string, string, KeyRing, number, string]>([
  ['a scope whose policy does not allow it', 'signs', keyRing, 403, 'external_claims_off'],
  ['a client without the grant', 'verifies', enabled, 403, 'grant_missing'],
  ['nobody', 'who', enabled, 401, 'credential_invalid'],
  ['a scope without a key', 'signs', { ...enabled, activeKey: () => undefined }, 503, 'no_active_key'],
])('there are none for %s', async (_, credential, ring, status, code) => {
  const answer = await terms(credential, ring);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});
