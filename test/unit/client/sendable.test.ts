import { expect, it } from 'vitest';
import { sendableCopy } from '../../../src/client/signer-options.ts';

const itself: unknown[] = [];
itself.push(itself);

it.each([
  ['NaN', { n: Number.NaN }, 'claims.n: JSON has no NaN'],
  ['infinity', { a: [1, -Infinity] }, 'claims.a[1]: JSON has no -Infinity'],
  ['-0', -0, 'claims: JSON readers disagree on -0'],
  [
    'a Map',
    { roles: new Map() },
    'claims.roles: use plain objects, arrays, text, numbers, booleans and null',
  ],
  ['a Set', new Set(), 'claims: use plain objects, arrays, text, numbers, booleans and null'],
  [
    'a typed array',
    [new Uint8Array(1)],
    'claims[0]: use plain objects, arrays, text, numbers, booleans and null',
  ],
  ['a function', { f: () => 1 }, 'claims.f: JSON has no function'],
  ['a symbol', { s: Symbol('s') }, 'claims.s: JSON has no symbol'],
  ['a BigInt', { b: 1n }, 'claims.b: JSON has no bigint'],
  ['a hole', { list: new Array(1) }, 'claims.list[0]: JSON has no undefined'],
  ['half a pair', '\ud800', 'claims: half a surrogate pair is not text'],
  ['a date that is none', { at: new Date(Number.NaN) }, 'claims.at: JSON has no invalid date'],
  ['half a pair in a name', { a: [{ 'x\udc00': 1 }] }, 'claims.a[0]: half a surrogate pair is no name'],
  ['a toJSON that gives nothing', [{ toJSON: () => undefined }], 'claims[0]: JSON has no undefined'],
  [
    'a toJSON that gives another',
    { a: { toJSON: () => ({ toJSON: () => 1 }) } },
    'claims.a.toJSON: JSON has no function',
  ],
  [
    'a toJSON that gives a date',
    { a: { toJSON: () => new Date(0) } },
    'claims.a: use plain objects, arrays, text, numbers, booleans and null',
  ],
  [
    'a toJSON that gives itself',
    {
      a: new (class A {
        toJSON() {
          return this;
        }
      })(),
    },
    'claims.a: use plain objects, arrays, text, numbers, booleans and null',
  ],
])('%s', (_, value, flaw) => {
  expect(() => sendableCopy(value, 'claims')).toThrow(new TypeError(flaw));
});

it('what holds itself ends', () => {
  expect(() => sendableCopy(itself, 'claims')).toThrow(/nests too deep, or holds itself$/);
});

it.each<[string, unknown]>([
  ['all kinds', { a: [1, 'x', null, true, { b: undefined }], bare: Object.create(null) }],
  ['dates', { at: new Date(0) }],
  ['bytes', { key: Buffer.alloc(1) }],
  ['a whole pair', { '\ud83d\ude00': '\ud83d\ude00' }],
  ['a member __proto__', JSON.parse('{"__proto__":{"a":1},"constructor":1}')],
  ['a toJSON that is no function', { toJSON: 'x' }],
  ['a toJSON that gives null', { a: { toJSON: () => null } }],
  [
    'a toJSON that looks at its name',
    { a: [{ toJSON: (name: string) => name }], b: { toJSON: (name: string) => name } },
  ],
])('%s pass, as JSON has them', (_, value) => {
  expect(JSON.stringify(sendableCopy(value, 'claims'))).toBe(JSON.stringify(value));
});

it('what is checked is what is sent, whatever is read a second time', () => {
  let reads = 0;
  const odd = () => (reads++ % 2 === 0 ? 1 : Number.NaN);
  const value = {
    get a() {
      return odd();
    },
    get b() {
      return odd();
    },
  };
  expect(() => sendableCopy(value, 'claims')).toThrow(new TypeError('claims.b: JSON has no NaN'));
  reads = 0;
  const copy = sendableCopy(
    {
      get a() {
        return odd();
      },
      b: 2,
    },
    'claims',
  );
  expect([JSON.stringify(copy), JSON.stringify(copy), reads]).toEqual(['{"a":1,"b":2}', '{"a":1,"b":2}', 1]);
  reads = 0;
  expect(JSON.stringify(sendableCopy([{ toJSON: odd }], 'claims'))).toBe('[1]');
});
