import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  exceedsDepth,
  MOST_VALUES,
  parseStrictObject,
  StrictJsonError,
  type StrictJsonReason,
} from '../../../src/token/strict-json.ts';

function outcome(text: string, maxDepth = 16): unknown {
  try {
    return parseStrictObject(text, { maxDepth });
  } catch (error) {
    if (error instanceof StrictJsonError) return error.reason;
    throw error;
  }
}

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

describe('parseStrictObject', () => {
  it.each([
    ['an object', '{"a":1,"b":[true,null,"c"]}', { a: 1, b: [true, null, 'c'] }],
    ['an empty one', ' {} ', {}],
    [
      'one name in several objects',
      '{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}',
      { a: { x: 1 }, b: { x: 1 }, c: [{ x: 1 }, { x: 1 }] },
    ],
    ['colons and quotes inside text', '{"a":"\\"x\\":1,\\\\","b\\":":2}', { a: '"x":1,\\', 'b":': 2 }],
    ['a backslash before the closing quote', '{"a":"\\\\","b":"\\\\\\\\"}', { a: '\\', b: '\\\\' }],
    ['U+0000 in a value, and its escape in a name', '{"\\\\u0000":"\\u0000"}', { '\\u0000': '\0' }],
    ['a whole pair as escapes', '{"a":"\\ud83d\\ude00"}', { a: '😀' }],
    [
      'a constructor, which is only a name',
      '{"constructor":1,"prototype":2}',
      { constructor: 1, prototype: 2 },
    ],
  ])('reads %s', (_, text, value) => {
    expect(outcome(text)).toEqual(value);
  });

  it.each([
    ['', 'not_json'],
    ['{', 'not_json'],
    ['{"a":1}x', 'not_json'],
    ["{'a':1}", 'not_json'],
    ['{"a":01}', 'not_json'],
    ['{"a":"\\ud800"}', 'not_json'],
    ['{"\\udfff":1}', 'not_json'],
    ['{"a":["\\ude00\\ud83d"]}', 'not_json'],
    ['null', 'not_object'],
    ['[]', 'not_object'],
    ['"{}"', 'not_object'],
    ['1', 'not_object'],
    ['{"a":1,"a":1}', 'duplicate_member'],
    ['{"a":{"b":1},"a":2}', 'duplicate_member'],
    ['{"aud":1,"\\u0061ud":2}', 'duplicate_member'],
    ['{"a":[[{"":1,"":2}]]}', 'duplicate_member'],
    ['{"1":1,"1":2}', 'duplicate_member'],
    ['{"é":1,"\\u00e9":2}', 'duplicate_member'],
    ['{"/":1,"\\/":2}', 'duplicate_member'],
    ['{"__proto__":1}', 'forbidden_member'],
    ['{"__pro\\u0074o__":{}}', 'forbidden_member'],
    ['{"a":[{"__proto__":{}}]}', 'forbidden_member'],
    ['{"su\\u0000b":1}', 'forbidden_member'],
    ['{" \\u0000iss":1}', 'forbidden_member'],
    ['{"aud":1,"aud\\u0000":2}', 'forbidden_member'],
    ['{"a":[{"b":{"tenant\\u0000":1}}]}', 'forbidden_member'],
  ])('refuses %s as %s', (text, reason) => {
    expect(outcome(text)).toBe(reason);
  });

  it.each([
    '{"sub":1,"Sub":2}',
    '{"sub":1,"SUB":2}',
    '{"sub":1,"\\u017fub":2}',
    '{"kid":1,"\\u212aid":2}',
    '{"iss":1,"İss":2}',
    '{"iat":1,"ıat":2}',
    '{"aud":1,"aud ":2}',
    '{"aud":1,"\\u00a0aud":2}',
    '{"aud":1,"a\\u200bud":2}',
    '{"aud":1,"\\ufeffaud":2}',
    '{"aud":1,"a\\u00adud":2}',
    '{"aud":1,"ａｕｄ":2}',
    '{"straße":1,"STRASSE":2}',
    '{"σ":1,"ς":2}',
    '{"é":1,"e\\u0301":2}',
    '{"é":1,"É":2}',
    '{"":1,"\\u200d":2}',
    '{"a":[{"b":{"tenant":1,"Tenant":2}}]}',
    '{"A":1,"b":2,"B":3}',
  ])('refuses %s, whose members some readers take for one', (text) => {
    expect(outcome(text)).toBe('lookalike_members');
  });

  it.each([
    '{"sub":1,"subs":2}',
    '{"a b":1,"ab":2}',
    '{"e":1,"é":2}',
    '{"Tenant":1,"Tenant_id":2}',
    '{"a":{"X":1},"b":{"x":1},"c":[{"X":1},{"x":1}]}',
    '{"sub":1,"ѕub":2}',
    '{"Sub":1}',
  ])('reads %s, whose members no reader takes for one', (text) => {
    expect(outcome(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '{"n":19.999999999999999999}',
    '{"n":[1,{"m":-0}]}',
    '{"n":1e400}',
    '{"n":1e-400}',
    '{"n":9007199254740993}',
    '{"n":36028797018963970}',
    '{"n":1e21}',
    '{"\\u006e":9007199254740993}',
  ])('refuses %s, or reads NaN, as not all readers read the number alike', (text) => {
    expect(outcome(text)).toBe('inexact_number');
    const marked = JSON.stringify(parseStrictObject(text, { maxDepth: 16, inexactNumbers: 'as_nan' }));
    expect(marked).toBe(
      text
        .replace('\\u006e', 'n')
        .replace(/19\.9+|-0|1e-?400|1e21|9007199254740993|36028797018963970/, 'null'),
    );
  });

  it('reads numbers in text as text', () => {
    const text = '{"n":"-0","9007199254740993":1.50,"m":[0.1,1e3,-7,9007199254740991]}';
    expect(outcome(text)).toEqual(JSON.parse(text));
    expect(outcome('{"a":01}')).toBe('not_json');
    expect(outcome('{"a":1-0}')).toBe('not_json');
    expect(outcome('{"a":-}')).toBe('not_json');
  });

  it('counts the outermost object as one level', () => {
    expect(outcome(nested(3), 3)).toEqual({ a: { a: {} } });
    expect(outcome(nested(4), 3)).toBe('too_deep');
    expect(outcome('{"a":[[]]}', 3)).toEqual({ a: [[]] });
    expect(outcome('{"a":[[[]]]}', 3)).toBe('too_deep');
  });

  it('bounds members and elements, however few bytes they take', () => {
    const list = (elements: number) => `{"a":[${'1,'.repeat(elements - 1)}1]}`;
    expect(outcome(list(MOST_VALUES))).toEqual({ a: Array(MOST_VALUES).fill(1) });
    expect(outcome(list(MOST_VALUES + 2))).toBe('too_many_values');
    expect(outcome(`{"a":"${','.repeat(MOST_VALUES + 2)}"}`)).toEqual({ a: ','.repeat(MOST_VALUES + 2) });
  });

  it.each([
    ['deep lists', `{"a":${'['.repeat(32_000)}${']'.repeat(32_000)}}`, 'too_deep'],
    ['deep objects', nested(10_000), 'too_deep'],
    ['a run of backslashes', `{"a":"${'\\\\'.repeat(32_000)}","a":1}`, 'duplicate_member'],
    [
      'thousands of names, one of them twice',
      `{${Array.from({ length: 6_000 }, (_, n) => `"${n % 5_999}":0`)}}`,
      'duplicate_member',
    ],
  ])('answers 64 KiB of %s', (_, text, reason) => {
    expect(outcome(text)).toBe(reason);
  });
});

describe('parseStrictObject, where V8 takes one escaped name for another (nodejs/node#63785)', () => {
  const poison = (text: string) => JSON.parse(text);

  it('still finds the duplicate', () => {
    poison('{"aud":"A","\\\\u0":"B"}');
    expect(outcome('{"aud":"A","\\u0061ud":"B"}')).toBe('duplicate_member');
  });

  it('still reads the name that was written', () => {
    poison('{"aud":"A","\\\\u0":"B"}');
    expect(outcome('{"aud":"A","\\u0065xp":1}')).toEqual({ aud: 'A', exp: 1 });
    poison('{"h":[],"\\\\":0}');
    expect(outcome('{"h":1,"\\"":2}')).toEqual({ h: 1, '"': 2 });
  });

  it('finds no duplicate where two names differ', () => {
    poison('{"h":[],"\\\\":0}');
    expect(outcome('{"h":1,"\\"":2,"\\\\":3}')).toEqual({ h: 1, '"': 2, '\\': 3 });
  });

  it('still finds __proto__', () => {
    poison('{"sub":1,"\\\\u005f_pr":1}');
    expect(outcome('{"sub":1,"\\u005f_proto__":1}')).toBe('forbidden_member');
  });
});

/** A JSON value as it is written: members in a list, so that a name can stand twice. */
type Written = { text: string } | { list: Written[] } | { members: [name: string, value: Written][] };

const { written } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc.record({
        text: fc
          .string({ unit: fc.constantFrom('"', '\\', ':', '{', '}', ',', 'a', 'é') })
          .map((s) => JSON.stringify(s)),
      }),
      fc.record({ text: fc.constantFrom('true', 'null', '-1.5e3') }),
    ),
    fc.record({ list: fc.array(tie('written'), { maxLength: 3 }) }),
    fc.record({
      members: fc.array(fc.tuple(fc.constantFrom('a', 'b', ':', '"', '\\', '', 'a"', '1'), tie('written')), {
        maxLength: 4,
      }),
    }),
  ),
}));

function write(value: Written, literal: (name: string) => string): string {
  if ('text' in value) return value.text;
  if ('list' in value) return `[${value.list.map((element) => write(element, literal)).join(' ,')}]`;
  return `{${value.members.map(([name, member]) => `${literal(name)} : ${write(member, literal)}`).join()}}`;
}

function hasDuplicate(value: Written): boolean {
  if ('text' in value) return false;
  if ('list' in value) return value.list.some(hasDuplicate);
  const names = value.members.map(([name]) => name);
  return new Set(names).size < names.length || value.members.some(([, member]) => hasDuplicate(member));
}

function plain(value: Written): unknown {
  if ('text' in value) return JSON.parse(value.text);
  if ('list' in value) return value.list.map(plain);
  return Object.fromEntries(value.members.map(([name, member]) => [name, plain(member)]));
}

describe('parseStrictObject, on texts made up', () => {
  it('finds a duplicate exactly where one was written, however the names are escaped', () => {
    const codeUnits = (name: string) =>
      `"${[...name].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
    fc.assert(
      fc.property(written, fc.infiniteStream(fc.boolean()), (value, escaped) => {
        const text = `{"root":${write(value, (name) => (escaped.next().value ? codeUnits(name) : JSON.stringify(name)))}}`;
        expect(outcome(text)).toEqual(hasDuplicate(value) ? 'duplicate_member' : { root: plain(value) });
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses any text with a reason and nothing else', () => {
    const reasons: Readonly<Record<StrictJsonReason, true>> = {
      not_json: true,
      not_object: true,
      duplicate_member: true,
      lookalike_members: true,
      too_deep: true,
      too_many_values: true,
      forbidden_member: true,
      inexact_number: true,
    };
    const jsonLike = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', '1', ' ', '-', '0', '.', 'e'),
      maxLength: 40,
    });
    expect(outcome('-0')).toBe('inexact_number');
    fc.assert(
      fc.property(fc.oneof(fc.string(), jsonLike), (text) => {
        const result = outcome(text);
        if (typeof result === 'string') expect(Object.keys(reasons)).toContain(result);
        else expect(result).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('exceedsDepth', () => {
  it.each([
    ['text', 0, false],
    [null, 0, false],
    [{}, 0, true],
    [{}, 1, false],
    [{ a: {} }, 1, true],
    [{ a: 1, b: [{}] }, 2, true],
    [{ a: 1, b: [{}] }, 3, false],
    [[[[]]], 3, false],
    [[[[]]], 2, true],
  ])('%j beyond %i levels: %s', (value, levels, exceeds) => {
    expect(exceedsDepth(value, levels)).toBe(exceeds);
  });

  it('agrees with parseStrictObject', () => {
    for (let levels = 1; levels < 20; levels++) {
      expect(exceedsDepth(JSON.parse(nested(levels)), 16)).toBe(outcome(nested(levels)) === 'too_deep');
    }
  });
});
