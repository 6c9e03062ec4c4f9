import { expect, test } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { judgingVerifier } from '../../support/judging-verifier.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { NOW } from '../../support/payments.ts';
import { aScope, aSigningKey, SoftwareKeyRing, softwareKey } from '../../support/software-keys.ts';

const CLAIMS = {
  iss: 'https://id.example',
  aud: 'payments-api',
  sub: 'u',
  iat: NOW,
  exp: NOW + 300,
  jti: 'jti-1',
};

const scope = aScope({ id: 'payments' });

const verified = (http: Awaited<ReturnType<typeof dataPlane>>, body: object) =>
  http.post('/v1/scopes/payments/verify').set('Authorization', 'Bearer verifies').send(body);

test('a good token is answered with its claims and its key', async () => {
  const http = await dataPlane();
  const answer = await http
    .post('/v1/scopes/payments/verify')
    .set('Authorization', 'Bearer verifies')
    .send({ token: 'good' });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ valid: true, claims: CLAIMS, kid: 'kid-1', key_state: 'active' });
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('a token that is refused is a 200 with the reason and nothing else', async () => {
  const http = await dataPlane({
    verifier: { verify: async () => ({ valid: false, reason: 'malformed', suspiciousHeader: 'jku' }) },
  });
  const answer = await http
    .post('/v1/scopes/payments/verify')
    .set('Authorization', 'Bearer verifies')
    .send({ token: '' });
  expect([answer.status, answer.body]).toEqual([200, { valid: false, reason: 'malformed' }]);
});

test.each([
  ['null', null],
  ['a number', 7],
  ['a truth', true],
  ['a list', ['good']],
  ['an object', { token: 'good' }],
])('a token that is %s is malformed, as the real verifier says', async (_, token) => {
  const keyRing = new SoftwareKeyRing();
  keyRing.put(scope, aSigningKey(scope, softwareKey('ES256'), { signFrom: NOW, signUntil: NOW + 1_000 }));
  const http = await dataPlane({ verifier: judgingVerifier({ keyRing, clock: { nowSeconds: () => NOW } }) });
  const answer = await verified(http, { token });
  expect([answer.status, answer.body]).toEqual([200, { valid: false, reason: 'malformed' }]);
});

test.each([
  [{}, 'invalid_request', 'token: give the token to verify'],
  [{ tokens: 'good' }, 'invalid_request', 'token: give the token to verify'],
  [{ token: 'good', scope: 'payments' }, 'unknown_member', 'leave out scope'],
])('a body of %o is refused', async (body, code, detail) => {
  const answer = await verified(await dataPlane(), body);
  expect([answer.status, answer.body.code, answer.body.detail]).toEqual([422, code, detail]);
});

test('callers are told that a token is text', async () => {
  const { body } = await (await dataPlane()).get('/openapi.json');
  expect(body.components.schemas.VerifyRequest).toEqual({
    type: 'object',
    properties: { token: { type: 'string' } },
    required: ['token'],
    additionalProperties: false,
  });
});

test('without a ledger to ask there is no verdict', async () => {
  const error = new KeywardError('ledger_unavailable', 'the ledger is away');
  const http = await dataPlane({ verifier: { verify: () => Promise.reject(error) } });
  const answer = await http
    .post('/v1/scopes/payments/verify')
    .set('Authorization', 'Bearer verifies')
    .send({ token: 'good' });
  expect([answer.status, answer.body.code]).toEqual([503, 'ledger_unavailable']);
});

test('a grant to sign does not let a client verify', async () => {
  const http = await dataPlane();
  const answer = await http
    .post('/v1/scopes/payments/verify')
    .set('Authorization', 'Bearer signs')
    .send({ token: 'good' });
  expect([answer.status, answer.body.code]).toEqual([403, 'grant_missing']);
});

const introspected = (http: Awaited<ReturnType<typeof dataPlane>>, form: string) =>
  http
    .post('/v1/scopes/payments/introspect')
    .set('Authorization', 'Bearer verifies')
    .set('Content-Type', 'application/x-www-form-urlencoded')
    .send(form);

test('introspection of a good token tells its claims (RFC 7662 §2.2)', async () => {
  const answer = await introspected(await dataPlane(), 'token=good&token_type_hint=whatever&unknown=1');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ active: true, token_type: 'Bearer', ...CLAIMS });
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('introspection of any other token tells only that it is not active', async () => {
  const answer = await introspected(await dataPlane(), 'token=foreign');
  expect([answer.status, answer.body]).toEqual([200, { active: false }]);
});

test.each([
  ['token_type_hint=x', 'token: give the token that the request is about'],
  ['token=', 'token: give the token that the request is about'],
  ['token=a&token=b', 'a parameter stands twice'],
])('introspection of %s is refused', async (form, detail) => {
  const answer = await introspected(await dataPlane(), form);
  expect([answer.status, answer.body]).toEqual([
    400,
    { error: 'invalid_request', error_description: detail },
  ]);
});

test('introspection takes a form and no JSON, and a credential of its own', async () => {
  const http = await dataPlane();
  const json = await http
    .post('/v1/scopes/payments/introspect')
    .set('Authorization', 'Bearer verifies')
    .send({ token: 'good' });
  const anonymous = await http.post('/v1/scopes/payments/introspect').send('token=good');
  expect([json.status, json.body.error]).toEqual([415, 'invalid_request']);
  expect([anonymous.status, anonymous.body.error]).toEqual([401, 'invalid_client']);
});
