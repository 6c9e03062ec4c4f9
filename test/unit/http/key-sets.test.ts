import { expect, test } from 'vitest';
import { publication } from './fakes.ts';
import { dataPlane } from './on-loopback.ts';

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

test('discovery is there for a scope whose issuer is its own URL, and for no other', async () => {
  const own = await dataPlane({
    publication: {
      ...publication,
      openidConfiguration: () => ({
        contentType: 'application/json',
        body: '{"issuer":"x"}',
        etag: '"tag-2"',
        maxAgeSeconds: 300,
      }),
    },
  });
  const path = '/scopes/payments/.well-known/openid-configuration';
  expect((await own.get(path)).body).toEqual({ issuer: 'x' });
  const { status, body } = await (await dataPlane()).get(path);
  expect([status, body.code]).toEqual([404, 'not_found']);
});
