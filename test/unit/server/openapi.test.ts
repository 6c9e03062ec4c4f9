import { expect, test } from 'vitest';
import { API_ROUTES } from '../../../src/api/routes.ts';
import { describeApi } from '../../../src/server/openapi.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';

interface Description {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; tags: string[]; responses: object }>>;
  components: { schemas: object };
}

/** `get /healthz` and the like. */
function answered(routes: readonly { readonly method: string; readonly path: string }[]): string[] {
  return routes.map(({ method, path }) => `${method} ${path}`).sort();
}

function described({ paths }: Description): string[] {
  return Object.entries(paths)
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`))
    .sort();
}

test('the data plane describes exactly what it answers', async () => {
  const { body } = await (await dataPlane()).get('/openapi.json');
  // The same with a terminating slash is served for clients that keep it.
  expect(described(body)).toEqual(answered(API_ROUTES.data).filter((route) => !route.endsWith('/')));
  expect(answered(API_ROUTES.data)).toHaveLength(28);
});

test('the operations plane describes exactly what it answers', async () => {
  const { body } = await (await operationsPlane()).get('/openapi.json');
  expect(described(body)).toEqual(answered(API_ROUTES.operations));
});

test('a path with a parameter that nothing describes cannot be described', () => {
  const route = { method: 'get', path: '/v1/{thing}', operation: { responses: {} } } as const;
  expect(() => describeApi('data', [route])).toThrow('{thing}');
});

test('nothing of operations answers on the data plane', async () => {
  const http = await dataPlane();
  const shared = new Set(answered(API_ROUTES.data));
  const own = answered(API_ROUTES.operations).filter((route) => !shared.has(route));
  expect(own).toHaveLength(84);
  for (const route of own) {
    const [method, path] = route.split(' ') as ['get' | 'post' | 'patch' | 'delete', string];
    const { status, body } = await http[method](path).set('Authorization', 'Bearer operates');
    expect([route, status, body.code]).toEqual([route, 404, 'not_found']);
  }
});

test('each plane says which it is: the command line asks for it', async () => {
  expect((await (await dataPlane()).get('/openapi.json')).body['x-keyward-plane']).toBe('data');
  expect((await (await operationsPlane()).get('/openapi.json')).body['x-keyward-plane']).toBe('operations');
});

test('the description is OpenAPI 3.1, and what it refers to is there', async () => {
  const { body, text } = await (await operationsPlane()).get('/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining(references));
  const ids = Object.values((body as Description).paths)
    .flatMap((operations) => Object.values(operations))
    .map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the description says what the schemas demand', async () => {
  const { body } = await (await dataPlane()).get('/openapi.json');
  expect(body.components.schemas.TokenRequest).toMatchObject({
    type: 'object',
    required: ['claims'],
    additionalProperties: false,
  });
  expect(body.components.schemas.TokenBatch.properties.requests).toMatchObject({
    minItems: 1,
    maxItems: 1_000,
  });
  const { parameters, responses } = body.paths['/v1/scopes/{scope}/tokens'].post;
  expect(parameters).toEqual([
    {
      in: 'path',
      name: 'scope',
      required: true,
      description: 'Id of the key scope.',
      schema: { type: 'string', description: 'Id of the key scope.' },
    },
  ]);
  expect(Object.keys(responses)).toEqual([
    '201',
    '400',
    '401',
    '403',
    '404',
    '408',
    '413',
    '415',
    '422',
    '429',
    '431',
    '500',
    '503',
  ]);
});

test.each([
  [
    'data',
    '/v1/scopes/{scope}/events',
    ['snapshot', 'revocations', 'resumed', 'key_set', 'compromised', 'suspended', 'revoked'],
  ],
  ['operations', '/v1/admin/events/stream', ['following', 'raised', 'acknowledged', 'resolved']],
])('the %s plane describes each event of %s', async (plane, path, names) => {
  const http = await (plane === 'data' ? dataPlane() : operationsPlane());
  const { body } = await http.get('/openapi.json');
  const { schema } = body.paths[path].get.responses['200'].content['text/event-stream'];
  const described = schema.anyOf.map(
    ({ $ref }: { $ref: string }) =>
      body.components.schemas[$ref.replace('#/components/schemas/', '')].properties,
  );
  expect(described.map(({ event }: Record<string, { const?: string }>) => event?.const)).toEqual(names);
  for (const { data } of described) {
    const name = data.contentSchema.$ref.replace('#/components/schemas/', '');
    expect(body.components.schemas[name]).toMatchObject({ type: 'object' });
  }
  // A schema that differs as input and as output would stand there twice, under a name that nobody chose.
  expect(Object.keys(body.components.schemas).filter((name) => name.endsWith('Output'))).toEqual([]);
});

test('what generated clients go by is there: server, tags, credentials and named types', async () => {
  const { body } = await (await dataPlane()).get('/openapi.json');
  expect(body.servers).toEqual([{ url: '.', description: expect.any(String) }]);
  expect(body.info.license).toEqual({ name: 'Apache 2.0', identifier: 'Apache-2.0' });
  const { post: introspect } = body.paths['/v1/scopes/{scope}/introspect'];
  // Bearer, Basic, or id and credential in the form.
  expect(introspect.security).toEqual([{ client: [] }, { client_secret_basic: [] }, {}]);
  expect(introspect.tags).toEqual(['Verification']);
  expect(body.paths['/healthz'].get).toMatchObject({ security: [], tags: ['Service'] });
  const names = [
    'TokenRequest',
    'IssuedToken',
    'TokenProblem',
    'ValidToken',
    'KeySet',
    'PublicKey',
    'Problem',
  ];
  expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining(names));
});

test.each([dataPlane, operationsPlane])('the body of each answer has a type with a name', async (plane) => {
  const { body } = await (await plane()).get('/openapi.json');
  for (const operations of Object.values((body as Description).paths)) {
    for (const { operationId, responses } of Object.values(operations)) {
      for (const { content = {} } of Object.values<{ content?: object }>(responses as never)) {
        const { schema } = (content as Record<string, { schema: object }>)['application/json'] ?? {};
        if (schema) expect([operationId, schema]).toEqual([operationId, { $ref: expect.any(String) }]);
      }
    }
  }
});

test.each(['data', 'operations'] as const)('the %s plane is described alike in whatever order', (plane) => {
  const routes = API_ROUTES[plane];
  expect(describeApi(plane, [...routes].reverse())).toEqual(describeApi(plane, routes));
});

test('who has the description already is told so', async () => {
  const http = await dataPlane();
  const { headers } = await http.get('/openapi.json');
  expect(headers['cache-control']).toBe('public, max-age=300');
  expect((await http.get('/openapi.json').set('If-None-Match', headers.etag ?? '')).status).toBe(304);
});
