import { describe, expect, it } from 'vitest';
import { type Description, faultsOf } from '../../../scripts/api/faults.ts';
import { API_ROUTES } from '../../../src/api/routes.ts';
import { describeApi } from '../../../src/server/openapi.ts';

describe.each([
  ['data', describeApi('data', API_ROUTES.data)],
  ['operations', describeApi('operations', API_ROUTES.operations)],
])('the description of the %s plane', (_, described) => {
  it('declares each parameter of its paths, and describes each limit', () => {
    expect(faultsOf(described as Description)).toEqual([]);
  });

  // Whatever is taken out of it is missed.
  it('has no status, parameter or bound that could go unnoticed', () => {
    for (const [path, operations] of Object.entries((described as Description).paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const without = (change: object) =>
          faultsOf({
            ...(described as Description),
            paths: { [path]: { [method]: { ...operation, ...change } } },
          });
        expect(without({ responses: {} })).toContain(`${method} ${path}: 503 is not described`);
        if (path.includes('{')) expect(without({ parameters: [] })).toHaveLength(path.split('{').length - 1);
        if (!operation.requestBody) continue;
        const { 429: _limit, 413: _size, ...responses } = operation.responses;
        const { 'x-max-bytes': _bytes, ...requestBody } = operation.requestBody;
        expect(without({ responses, requestBody })).toEqual([
          `${method} ${path}: 429 is not described`,
          `${method} ${path}: 413 is not described`,
          `${method} ${path}: the body has no x-max-bytes`,
        ]);
      }
    }
  });
});

describe('a description', () => {
  const responses = {
    200: {},
    400: {},
    401: {},
    403: {},
    408: {},
    413: {},
    415: {},
    429: {},
    500: {},
    503: {},
  };
  const faults = (operation: object, path = '/things', components = {}) =>
    faultsOf({ paths: { [path]: { post: { operationId: 'a', responses, ...operation } } }, components });
  const sending = (schema: object) => ({
    requestBody: { 'x-max-bytes': 1024, content: { 'application/json': { schema } } },
  });

  it('is told of parameters that are not declared, or not in the path', () => {
    const parameters = [{ in: 'path', name: 'id' }];
    expect(faults({ parameters }, '/things/{id}')).toEqual([]);
    expect(faults({ parameters }, '/things/{id}/{part}')).toEqual([
      'post /things/{id}/{part}: {part} is not declared',
    ]);
    expect(faults({ parameters })).toEqual(['post /things: id is not in the path']);
    expect(faults({ parameters: [{ in: 'query', name: 'id' }] }, '/things/{id}')).toEqual([
      'post /things/{id}: {id} is not declared',
    ]);
  });

  it('is told of what a caller may send without bound', () => {
    const text = { type: 'string' };
    for (const [schema, at] of [
      [{ type: 'object', properties: { name: text } }, 'name'],
      [{ type: 'object', properties: { name: { type: ['string', 'null'] } } }, 'name'],
      [{ type: 'object', properties: { names: { type: 'array', maxItems: 2, items: text } } }, 'names.[]'],
      [{ type: 'object', properties: { names: { type: 'array', items: { type: 'integer' } } } }, 'names'],
      [{ anyOf: [{ type: 'null' }, { type: 'object', properties: { deep: { oneOf: [text] } } }] }, 'deep'],
      [{ $ref: '#/components/schemas/Thing' }, 'of'],
      [text, 'the body'],
    ] as const) {
      const components = { schemas: { Thing: { properties: { of: text } } } };
      expect(faults(sending(schema), '/things', components)).toEqual([`post /things: ${at} has no bound`]);
    }
    expect(faults({ parameters: [{ in: 'query', name: 'q', schema: text }] })).toEqual([
      'post /things: q has no bound',
    ]);
  });

  it('is left alone where all is bounded, also where it refers to itself', () => {
    const thing = {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 9 },
        kind: { type: 'string', enum: ['a'] },
        digest: { type: 'string', pattern: '^[0-9a-f]{64}$' },
        token: { type: 'string' },
        things: { type: 'array', maxItems: 2, items: { $ref: '#/components/schemas/Thing' } },
      },
    };
    expect(
      faults(sending({ $ref: '#/components/schemas/Thing' }), '/things', { schemas: { Thing: thing } }),
    ).toEqual([]);
  });

  it('is told of an operation id that stands twice', () => {
    const operation = { operationId: 'a', responses };
    expect(faultsOf({ paths: { '/a': { get: operation }, '/b': { get: operation } } })).toEqual([
      'get /b: operationId a stands twice',
    ]);
  });
});
