import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldName } from '../../../src/kernel/claim-names.ts';

const name = fc.string({ unit: 'binary', maxLength: 8 });
/** Letters whose case is special in some language, marks, blanks, and what is not shown. */
const odd = fc.string({
  unit: fc.constantFrom(...'iIıİsſßẞkKσςΣéÉｓǅ\u0307\u0345\u0301 \u00a0\u00ad\u200b\0'),
});

describe('foldName', () => {
  it.each([
    [
      'sub',
      [
        'sub',
        'SUB',
        'ſub',
        ' sub\t',
        'sub\u3000',
        's\u00adub',
        'su\u200db',
        'sub\0',
        '\0sub',
        'su\0b',
        'ｓｕｂ',
      ],
    ],
    ['iss', ['ISS', 'İss', 'ıss', 'i\u0307ss', 'iß', 'iẞ', 'i\u17b4ss', 'iss\u{e0020}', '\u3164iss']],
    ['kid', ['KID', '\u212aid']],
    ['x5t#s256', ['x5t#S256']],
    ['', ['', ' ', '\u200b', '\0']],
  ])('takes all of these for %j', (fold, spellings) => {
    expect(spellings.map(foldName)).toEqual(spellings.map(() => fold));
  });

  it.each([
    ['sub', ['subs', 'su b', 'ѕub', 'süb', 'sub_', 's-ub', 'sub1']],
    ['client_id', ['clientid', 'client-id', 'client id']],
  ])('tells %j from other names', (name, others) => {
    expect(others.map(foldName)).not.toContain(foldName(name));
  });

  it('folds what is folded to itself', () => {
    fc.assert(
      fc.property(fc.oneof(name, odd), (text) => {
        expect(foldName(foldName(text))).toBe(foldName(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('loses nothing but case, form and what is not shown', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abz059_-.:/#!~') }), (text) => {
        expect(foldName(text)).toBe(text);
        expect(foldName(text.toUpperCase())).toBe(text);
      }),
    );
  });

  it.each([
    ['lower case', (text: string) => text.toLowerCase()],
    ['upper case', (text: string) => text.toUpperCase()],
    ['composed', (text: string) => text.normalize('NFC')],
    ['decomposed', (text: string) => text.normalize('NFD')],
    ['of compatible characters', (text: string) => text.normalize('NFKC')],
    ['trimmed', (text: string) => text.trim()],
    ['without control characters', (text: string) => text.replace(/\p{Cc}/gu, '')],
  ])('folds a name alike when it is %s', (_, respell) => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'iIıİsſßẞkKσςΣéÉｓǅ \u00a0\u00ad\u200b') }),
        (text) => {
          expect(foldName(respell(text))).toBe(foldName(text));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
