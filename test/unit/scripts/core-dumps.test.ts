import { describe, expect, it } from 'vitest';
import { finderOf } from '../../../scripts/core-dumps/find-forms.ts';
import { keyNeedle, textNeedle } from '../../../scripts/core-dumps/needles.ts';
import { Tally } from '../../../scripts/core-dumps/tally.ts';

const [first, second, third] = ['abcdefghijkl', 'lkjihgfedcba-longer', 'abcdefghijkl-also'].map((text) =>
  Buffer.from(text),
) as [Buffer, Buffer, Buffer];

describe('finderOf', () => {
  const find = finderOf([first, second, third]);
  const found = (...image: string[]) => [...find(image.map((each) => Buffer.from(each)))].map(String);

  it('finds at the beginning, at the end, one that begins another, and what overlaps', () => {
    expect(found('abcdefghijkl')).toEqual(['abcdefghijkl']);
    expect(found(`..${'x'.repeat(5_000)}abcdefghijkl`)).toEqual(['abcdefghijkl']);
    expect(found('abcdefghijkl-also')).toEqual(['abcdefghijkl', 'abcdefghijkl-also']);
    expect(found('abcdefghijklkjihgfedcba-longer')).toEqual(['abcdefghijkl', 'lkjihgfedcba-longer']);
  });

  it('finds nothing in parts, in what is cut off, or over the border of two mappings', () => {
    expect(found('abcdefghijk', 'lkjihgfedcba-longe', 'bcdefghijkl')).toEqual([]);
  });

  it('wants what is not found by chance', () => {
    expect(() => finderOf([Buffer.from('elevenbytes')])).toThrow('too short to tell');
  });
});

it('a text is found as UTF-8, UTF-16, hex, and base64 wherever it begins', () => {
  const needle = textNeedle('a PIN', 'kw_pin_0123456789abcdef');
  const text = 'kw_pin_0123456789abcdef';
  const forms = [
    Buffer.from(`<${text}>`),
    Buffer.from(`<${text}>`, 'utf16le'),
    Buffer.from(Buffer.from(`<${text}>`).toString('hex')),
    ...['', '<', '<<'].map((before) => Buffer.from(Buffer.from(`${before}${text}>`).toString('base64'))),
  ];
  const tally = new Tally([needle]);
  tally.look(forms);
  expect(tally.found([needle])).toEqual(new Map(Object.keys(needle.forms).map((form) => [form, 1])));
  tally.look([Buffer.from('nothing of it')]);
  expect([tally.isAlways(needle, ['UTF-8']), tally.found([needle]).get('hex')]).toEqual([false, 1]);
});

it('a private number is found the other way round, as OpenSSL holds it', () => {
  const needle = keyNeedle('a key', Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'));
  const tally = new Tally([needle]);
  tally.look([Buffer.from('ff0f0e0d0c0b0a09080706050403020100ff', 'hex')]);
  expect([...tally.found([needle]).keys()]).toEqual(['reversed']);
});
