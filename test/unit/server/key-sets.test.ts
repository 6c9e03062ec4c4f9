import { describe, expect, it, test } from 'vitest';
import { dataPlane } from '../../support/on-loopback.ts';
import { publishing } from '../publication/published.ts';

test('a key set is public, typed and kept by caches for its max-age', async () => {
  const http = await dataPlane();
  const answer = await http.get('/scopes/payments/jwks.json').buffer(true);
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/jwk-set+json',
    'cache-control': 'public, max-age=300',
    etag: '"tag-1"',
  });
  expect(answer.body).toEqual({ keys: [] });
});

test('the signed key set is a JWS of its own media type', async () => {
  const http = await dataPlane();
  const answer = await http.get('/scopes/payments/jwks.jwt').responseType('text');
  expect([answer.status, answer.headers['content-type'], String(answer.body)]).toEqual([
    200,
    'application/jwk-set+jwt',
    'a.b.c',
  ]);
});

test.each([
  ['"tag-1"', 304],
  ['W/"tag-1"', 304],
  ['"other", "tag-1"', 304],
  ['*', 304],
  ['"other"', 200],
])('If-None-Match: %s is answered %i', async (tag, status) => {
  const http = await dataPlane();
  const answer = await http.get('/scopes/payments/jwks.json').set('If-None-Match', tag);
  expect(answer.status).toBe(status);
  expect(answer.headers.etag).toBe('"tag-1"');
  expect(answer.headers['cache-control']).toBe('public, max-age=300');
});

test('a scope that does not exist has no key set, and no document of one', async () => {
  const http = await dataPlane();
  for (const document of ['jwks.json', 'jwks.jwt', '.well-known/openid-configuration']) {
    const { status, body } = await http.get(`/scopes/ghost/${document}`);
    expect([document, status, body.code]).toEqual([document, 404, 'unknown_scope']);
  }
});

const DISCOVERY = [
  '/scopes/payments/.well-known/openid-configuration',
  '/scopes/payments/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration/scopes/payments',
  '/.well-known/openid-configuration/scopes/payments/',
  '/.well-known/oauth-authorization-server/scopes/payments',
  '/.well-known/oauth-authorization-server/scopes/payments/',
];

test('discovery is there for a scope whose issuer is its own URL, and for no other', async () => {
  const [own, other] = [await dataPlane({ publication: described }), await dataPlane()];
  for (const path of DISCOVERY) {
    expect([path, (await own.get(path)).body]).toEqual([path, { issuer: 'x' }]);
    const { status, body } = await other.get(path);
    expect([path, status, body.code]).toEqual([path, 404, 'not_found']);
    expect((await own.get(path.replace('payments', 'ghost'))).body.code).toBe('unknown_scope');
  }
});

const described = publishing(() => '{"issuer":"x"}');

describe.each(['/scopes/payments/jwks.json', '/scopes/payments/jwks.jwt', ...DISCOVERY])('%s', (path) => {
  const origin = 'https://app.example';
  const service = () => dataPlane({ publication: described });

  it('may be read by pages of any origin, whatever the answer', async () => {
    const http = await service();
    for (const [asked, status] of [
      [http.get(path), 200],
      [http.head(path), 200],
      [http.get(path).set('If-None-Match', '"tag-1"'), 304],
      [http.get(path.replace('payments', 'ghost')), 404],
      [http.post(path), 405],
    ] as const) {
      const { status: answered, headers } = await asked.set('Origin', origin);
      expect([answered, headers]).toEqual([
        status,
        expect.objectContaining({
          'access-control-allow-origin': '*',
          'access-control-expose-headers': 'ETag, Retry-After, X-Request-Id',
          'cross-origin-resource-policy': 'cross-origin',
          'x-content-type-options': 'nosniff',
        }),
      ]);
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  it('answers a preflight', async () => {
    const http = await service();
    const { status, headers } = await http
      .options(path)
      .set('Origin', origin)
      .set('Access-Control-Request-Method', 'GET')
      .set('Access-Control-Request-Headers', 'if-none-match');
    expect([status, headers]).toEqual([
      204,
      expect.objectContaining({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-headers': '*',
        'access-control-max-age': '86400',
      }),
    ]);
    expect(headers).not.toHaveProperty('content-length');
  });
});

test('nothing else is for pages of other origins', async () => {
  const http = await dataPlane();
  for (const asked of [
    http.get('/healthz'),
    http.get('/openapi.json'),
    http.get('/scopes/payments/report'),
    http.options('/v1/scopes/payments/introspect'),
    http.get('/scopes/payments/nothing'),
  ]) {
    const { headers } = await asked.set('Origin', 'https://app.example');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
  }
});
