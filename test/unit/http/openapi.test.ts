import type { Express } from 'express';
import { expect, test } from 'vitest';
import { createDataPlane } from '../../../src/http/data-plane.ts';
import { createOperationsPlane } from '../../../src/http/operations-plane.ts';
import { dataPlaneDeps, operationsPlaneDeps } from './fakes.ts';
import { dataPlane, operationsPlane } from './on-loopback.ts';

interface Description {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; tags: string[]; responses: object }>>;
  components: { schemas: object };
}

/** `GET /healthz` and the like, as Express would answer them. */
function answered(app: Express): string[] {
  const paths = app.router.stack.flatMap(({ route }) => (route ? [route] : []));
  return paths
    .flatMap(({ path, stack }) =>
      stack.flatMap(({ method }) => (method ? [`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`] : [])),
    )
    .sort();
}

function described({ paths }: Description, tag?: string): string[] {
  return Object.entries(paths)
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { tags }]) => ({ method, path, tags })),
    )
    .filter(({ tags }) => tag === undefined || tags.includes(tag))
    .map(({ method, path }) => `${method} ${path}`)
    .sort();
}

const DATA = createDataPlane(dataPlaneDeps());
const OPERATIONS = createOperationsPlane(operationsPlaneDeps());

test('the data plane describes exactly what it answers', async () => {
  const { body } = await (await dataPlane()).get('/openapi.json');
  expect(described(body)).toEqual(answered(DATA));
  expect(answered(DATA)).toHaveLength(21);
});

test('the operations plane describes exactly what both planes answer', async () => {
  const { body } = await (await operationsPlane()).get('/openapi.json');
  expect(described(body, 'data')).toEqual(answered(DATA));
  expect(described(body, 'operations')).toEqual(answered(OPERATIONS));
  expect(described(body)).toEqual([...new Set([...answered(DATA), ...answered(OPERATIONS)])].sort());
});

test('nothing of operations answers on the data plane', async () => {
  const http = await dataPlane();
  const shared = new Set(answered(DATA));
  const own = answered(OPERATIONS).filter((route) => !shared.has(route));
  expect(own).toHaveLength(78);
  for (const route of own) {
    const [method, path] = route.split(' ') as ['get' | 'post' | 'patch' | 'delete', string];
    const { status, body } = await http[method](path).set('Authorization', 'Bearer operates');
    expect([route, status, body.code]).toEqual([route, 404, 'not_found']);
  }
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
    '500',
    '503',
  ]);
});

test('who has the description already is told so', async () => {
  const http = await dataPlane();
  const { headers } = await http.get('/openapi.json');
  expect(headers['cache-control']).toBe('public, max-age=300');
  expect((await http.get('/openapi.json').set('If-None-Match', headers.etag ?? '')).status).toBe(304);
});
