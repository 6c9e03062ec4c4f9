import { expect, it } from 'vitest';
import { requireSendable } from '../../../src/client/signer-options.ts';

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
  ['bytes', { key: Buffer.alloc(1) }, undefined],
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
  ['a date that is none', new Date(Number.NaN), undefined],
])('%s', (_, value, flaw) => {
  if (flaw === undefined) expect(() => requireSendable(value, 'claims')).not.toThrow();
  else expect(() => requireSendable(value, 'claims')).toThrow(new TypeError(flaw));
});

it('what holds itself ends', () => {
  expect(() => requireSendable(itself, 'claims')).toThrow(/nests too deep, or holds itself$/);
});

it('passes what JSON carries, and leaves out what is undefined', () => {
  const value = { a: [1, 'x', null, true, { b: undefined }], at: new Date(0), bare: Object.create(null) };
  expect(() => requireSendable(value, 'claims')).not.toThrow();
});
