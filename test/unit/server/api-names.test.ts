import { describe, expect, it } from 'vitest';
import { withNames } from '../../../src/server/api-names.ts';

const text = { type: 'string' };
const answer = (operationId: string, schema: object) => ({
  operationId,
  responses: { 200: { content: { 'application/json': { schema } } } },
});
const named = (...operations: readonly ReturnType<typeof answer>[]) => {
  const paths = Object.fromEntries(operations.map((get) => [`/${get.operationId}`, { get }]));
  return Object.keys(withNames({ paths }).components?.schemas ?? {});
};
const one = { type: 'object', properties: { hsm_token: text } };

describe('the schema of an answer', () => {
  it('is called by its members, once for all who answer it', () => {
    expect(named(answer('getToken', one), answer('openToken', one))).toEqual(['HsmTokenAnswer']);
    const two = { type: 'object', properties: { client: text, credential: text } };
    expect(named(answer('createClient', two))).toEqual(['ClientAndCredentialAnswer']);
  });

  it('is called by its operation where the members are none or many', () => {
    expect(named(answer('revoke', { type: 'object', properties: {} }))).toEqual(['RevokeAnswer']);
    const many = { type: 'object', properties: { a: text, b: text, c: text } };
    expect(named(answer('show', many))).toEqual(['ShowAnswer']);
  });

  it('keeps the name that it has', () => {
    expect(named(answer('getToken', { $ref: '#/components/schemas/Token' }))).toEqual([]);
  });
});

it('two that would be called the same are no description, in whatever order they come', () => {
  const other = { type: 'object', properties: { hsm_token: { type: 'integer' } } };
  const both = [answer('getToken', one), answer('countTokens', other)] as const;
  expect(() => named(...both)).toThrow('HsmTokenAnswer');
  expect(() => named(...both.toReversed())).toThrow('HsmTokenAnswer');
});
