import { expect, test } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';

const TOKENS = '/v1/scopes/payments/tokens';

// Each request is wrong in every later way too: only the first is told.
test('a request is judged by path, method, caller, scope, grant, media type, size, syntax and schema, in this order', async () => {
  const http = await dataPlane();
  const wrong = '{"nonsense": ';
  const huge = `{"claims":"${'x'.repeat(65_536)}"`;
  const codes = [];
  for (const [method, path, credential, type, body] of [
    ['put', '/v1/scopes/ghost/tokenz', undefined, 'text/plain', wrong],
    ['put', '/v1/scopes/ghost/tokens', undefined, 'text/plain', wrong],
    ['post', '/v1/scopes/ghost/tokens', undefined, 'text/plain', wrong],
    ['post', '/v1/scopes/ghost/tokens', 'signs', 'text/plain', wrong],
    ['post', TOKENS, 'verifies', 'text/plain', wrong],
    ['post', TOKENS, 'signs', 'text/plain', huge],
    ['post', TOKENS, 'signs', 'application/json', huge],
    ['post', TOKENS, 'signs', 'application/json', wrong],
    ['post', TOKENS, 'signs', 'application/json', '{"nonsense": 1, "claims": {}}'],
    ['post', TOKENS, 'signs', 'application/json', '{"claims": {}}'],
  ] as const) {
    const asked = http[method](path).set('Content-Type', type);
    if (credential) asked.set('Authorization', `Bearer ${credential}`);
    const { status, body: answer } = await asked.send(body);
    codes.push([status, answer.code]);
  }
  expect(codes).toEqual([
    [404, 'not_found'],
    [405, 'method_not_allowed'],
    [401, 'credential_missing'],
    [404, 'unknown_scope'],
    [403, 'grant_missing'],
    [415, 'unsupported_media_type'],
    [413, 'body_too_large'],
    [400, 'malformed_json'],
    [422, 'unknown_member'],
    [201, undefined],
  ]);
});

test('a problem is one RFC 9457 document whose status is the status, kept by no cache', async () => {
  const http = await dataPlane();
  const answer = await http
    .post('/v1/scopes/ghost/tokens')
    .set('Authorization', 'Bearer signs')
    .set('X-Request-Id', 'req-1');
  expect(answer.body).toEqual({
    type: 'urn:keyward:problem:unknown_scope',
    title: 'There is no such scope',
    status: 404,
    code: 'unknown_scope',
    detail: 'there is no scope of this id',
    request_id: 'req-1',
  });
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.headers['x-request-id']).toBe('req-1');
});

test('a caller without a credential is challenged without an error, one with a wrong credential with one', async () => {
  const http = await dataPlane();
  const challenges = [];
  for (const authorization of [undefined, 'Basic x', 'Bearer nobody']) {
    const asked = http.post(TOKENS);
    if (authorization) asked.set('Authorization', authorization);
    const { status, body, headers } = await asked;
    challenges.push([status, body.code, headers['www-authenticate']]);
  }
  expect(challenges).toEqual([
    [401, 'credential_missing', 'Bearer realm="keyward"'],
    [401, 'credential_malformed', 'Bearer realm="keyward", error="invalid_token"'],
    [401, 'credential_invalid', 'Bearer realm="keyward", error="invalid_token"'],
  ]);
});

// RFC 6750 §3.1, whatever it is that the caller may not.
test('a caller who may not is challenged for more than it holds, on either plane', async () => {
  const [data, operations] = [await dataPlane(), await operationsPlane()];
  const challenges = [];
  for (const asked of [
    data.post(TOKENS).set('Authorization', 'Bearer verifies').send({ claims: {} }),
    data.get('/v1/scopes/payments/jws').set('Authorization', 'Bearer signs'),
    operations.post('/v1/admin/keys/kid-1/suspend').set('Authorization', 'Bearer audits').send({}),
    data
      .post(TOKENS)
      .set('Authorization', 'Bearer signs')
      .send({ claims: { sub: 'u' } }),
  ]) {
    const { status, body, headers } = await asked;
    challenges.push([status, body.code, headers['www-authenticate']]);
  }
  const challenge = 'Bearer realm="keyward", error="insufficient_scope"';
  expect(challenges).toEqual([
    [403, 'grant_missing', challenge],
    [403, 'external_claims_off', challenge],
    [403, 'role_missing', challenge],
    [201, undefined, undefined],
  ]);
});

test('a wrong method is answered with the methods that are right', async () => {
  const http = await dataPlane();
  expect((await http.delete(TOKENS)).headers.allow).toBe('POST');
  expect((await http.options(TOKENS)).headers.allow).toBe('POST');
  expect((await http.post('/scopes/payments/jwks.json')).headers.allow).toBe('GET, HEAD');
  expect((await http.head('/scopes/payments/jwks.json')).status).toBe(200);
});

test('a path that is not valid %-encoding is not found', async () => {
  const http = await dataPlane();
  const { status, body } = await http.post('/v1/scopes/%ZZ/tokens').set('Authorization', 'Bearer signs');
  expect([status, body.code]).toEqual([404, 'not_found']);
});

test('paths are matched to the letter', async () => {
  const http = await dataPlane();
  expect((await http.get('/HEALTHZ')).status).toBe(404);
  expect((await http.get('/healthz/')).status).toBe(404);
  expect((await http.get('/healthz')).status).toBe(200);
});

test('an error that nobody foresaw is a 500 that tells nothing', async () => {
  const http = await dataPlane({
    issuer: { issue: () => Promise.reject(new Error('connection to /var/lib/secret lost')) },
  });
  const answer = await http
    .post(TOKENS)
    .set('Authorization', 'Bearer signs')
    .set('X-Request-Id', 'req-1')
    .send({ claims: {} });
  expect(answer.status).toBe(500);
  expect(answer.body).toEqual({
    type: 'urn:keyward:problem:internal',
    title: 'Something went wrong inside',
    status: 500,
    code: 'internal',
    request_id: 'req-1',
  });
});

test.each([
  ['hsm_unavailable', undefined, '1'],
  ['pin_latched', undefined, '60'],
  ['ledger_unavailable', 7, '7'],
  ['overloaded', undefined, '1'],
] as const)('%s is a 503 that says when to try again', async (code, retryAfterSeconds, header) => {
  const error = new KeywardError(code, 'away', retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  const http = await dataPlane({ issuer: { issue: () => Promise.reject(error) } });
  const answer = await http.post(TOKENS).set('Authorization', 'Bearer signs').send({ claims: {} });
  expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, code, header]);
});

test('every answer carries the headers that helmet gives an API', async () => {
  const http = await dataPlane();
  for (const path of ['/healthz', '/nowhere']) {
    const { headers } = await http.get(path);
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('strict-transport-security');
  }
});

test('behind TLS, callers are told to stay with it', async () => {
  const http = await dataPlane({ listener: { trusted_proxies: ['10.0.0.7'] } });
  const { headers } = await http.get('/healthz');
  expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
});
