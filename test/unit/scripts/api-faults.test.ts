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
  const sound = { operationId: 'a', responses, security: [], tags: ['things'] };
  const around = { servers: [{ url: '.' }], tags: [{ name: 'things', description: 'Things.' }] };
  const faults = (operation: object, path = '/things', components = {}) =>
    faultsOf({ ...around, paths: { [path]: { post: { ...sound, ...operation } } }, components });
  const sending = (schema: object) => ({
    requestBody: { 'x-max-bytes': 1024, content: { 'application/json': { schema, example: {} } } },
  });

  it('is told of a body without an example, of either direction', () => {
    const content = (media: object) => ({ 'x-max-bytes': 1024, content: { 'application/json': media } });
    const problem = '#/components/examples/internal';
    const components = { examples: { internal: {} } };
    for (const media of [
      { example: null },
      { examples: { a: {} } },
      { examples: { a: { $ref: problem } } },
    ]) {
      const answers = { ...responses, 200: content(media) };
      expect(faults({ requestBody: content(media), responses: answers }, '/things', components)).toEqual([]);
    }
    for (const media of [{}, { examples: {} }, { examples: { a: { $ref: `${problem}s` } } }]) {
      const answers = { ...responses, 200: content(media) };
      expect(faults({ requestBody: content(media), responses: answers }, '/things', components)).toEqual([
        'post /things: the request has no example of application/json',
        'post /things: 200 has no example of application/json',
      ]);
    }
  });

  it('is told of credentials that it does not say, or does not describe', () => {
    const components = { securitySchemes: { client: {} } };
    expect(faults({ security: [{ client: [] }, {}] }, '/things', components)).toEqual([]);
    expect(faults({ security: undefined })).toEqual(['post /things: its credentials are not described']);
    expect(faults({ security: [{ client: [] }] })).toEqual([
      'post /things: the credential client is not described',
    ]);
  });

  it('is told of tags that are none, several or not described, and of servers that are not named', () => {
    expect(faults({ tags: [] })).toEqual(['post /things: it has not one tag']);
    expect(faults({ tags: ['things', 'things'] })).toEqual(['post /things: it has not one tag']);
    expect(faults({ tags: ['other'] })).toEqual(['post /things: the tag other is not described']);
    const paths = { '/things': { post: sound } };
    expect(faultsOf({ ...around, tags: [{ name: 'things' }], paths })).toEqual([
      'post /things: the tag things is not described',
    ]);
    expect(faultsOf({ ...around, servers: [], paths })).toEqual(['no server is named']);
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
    expect(faultsOf({ ...around, paths: { '/a': { get: sound }, '/b': { get: sound } } })).toEqual([
      'get /b: operationId a stands twice',
    ]);
  });
});
