import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { flowText } from '../../../src/provisioning/cli-plan.ts';

it.each([
  [900, '900'],
  [null, 'null'],
  [['at+jwt', 'JWT'], '[at+jwt, JWT]'],
  ['https://login.example.com', 'https://login.example.com'],
  ['Signs for the shop', '"Signs for the shop"'],
  ['', '""'],
  ['true', '"true"'],
  ['Null', '"Null"'],
  ['~', '"~"'],
  ['.inf', '".inf"'],
  [{ max_ttl_seconds: 60, contacts: ['a@id.example'] }, '{max_ttl_seconds: 60, contacts: [a@id.example]}'],
])('%j is written as %s', (value, text) => {
  expect(flowText(value)).toBe(text);
});

it('is YAML of that value', () => {
  const plain = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  fc.assert(
    fc.property(fc.oneof(plain, fc.array(plain)), (value) => {
      expect(parse(flowText(value))).toEqual(value);
    }),
    { numRuns: 2_000 },
  );
});
