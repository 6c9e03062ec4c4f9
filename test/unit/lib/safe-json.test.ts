import fc from 'fast-check';
import { expect, it } from 'vitest';
import { escapedJson, safeJson } from '../../../src/lib/json.ts';

const UNSAFE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u;

it.each([
  ['C0', '\u001b', '"\\u001b"'],
  ['delete', '\u007f', '"\\u007f"'],
  ['C1', '\u009b31m', '"\\u009b31m"'],
  ['bidi overrides', '\u202eevil\u2066', '"\\u202eevil\\u2066"'],
  ['line and paragraph separators', '\u2028\u2029', '"\\u2028\\u2029"'],
  ['zero width', 'a\u200bb\ufeff', '"a\\u200bb\\ufeff"'],
  ['tags beyond the first plane', '\u{e0041}', '"\\udb40\\udc41"'],
])('escapes %s', (_, text, json) => {
  expect(safeJson(text)).toBe(json);
});

it('leaves what is shown as it is', () => {
  expect(safeJson({ name: 'Zoë „x“ 令' }, 2)).toBe('{\n  "name": "Zoë „x“ 令"\n}');
});

it('reads back as the same value, whatever it holds, and nothing in it reaches a terminal', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      const all = { value, [text]: text };
      const json = safeJson(all, 2);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(all)));
      expect(json).not.toMatch(UNSAFE);
      expect(escapedJson(json)).toBe(json);
    }),
  );
});
