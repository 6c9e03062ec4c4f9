import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExactNumber } from '../../../src/token/exact-number.ts';

const ZEROS = '0'.repeat(60);

describe('isExactNumber', () => {
  it.each([
    ...['0', '7', '-7', '0.1', '1.0', '1.50', '1e3', '1E+3', '-2.5e-7', '0.0', '0e400', '19.99'],
    ...['999999999999999', '9007199254740991', '-9007199254740991', '9007199254740991.0', '1e15', '5e-324'],
    ...[
      '9.007199254740991e15',
      '0.30000000000000004',
      `1.${ZEROS}`,
      '123456789012345.6',
      '0.000001',
      '0.0000001',
    ],
  ])('takes %s', (literal) => {
    expect(isExactNumber(literal)).toBe(true);
  });

  it.each([
    ...['19.999999999999999999', '0.1000000000000000055', '0.10000000000000001', '1.0000000000000000001'],
    ...['9007199254740993', '-9007199254740993', '9007199254740992.5', '100000000000000000001', '1e23000'],
    ...['-0', '-0.0', '-0e5', '1e-400', '-1e-400', '1e400', '-1e400', '1.8e308', '4.9e-324', '2e-324'],
    ...['9007199254740992', '-9007199254740992', '36028797018963970', '100000000000000000000'],
    ...['1e16', '1e20', '1e21', '1e22', '1e308', '1.7976931348623157e308'],
    ...[`1.0000${ZEROS}`, `1${ZEROS}00000`, '9'.repeat(1_000_000)],
  ])('refuses %.40s', (literal) => {
    expect(isExactNumber(literal)).toBe(false);
  });

  it('takes every double as it is commonly written, and no digit more', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => value !== 0);
    fc.assert(
      fc.property(double, (value) => {
        const shortest = value.toExponential();
        const taken = [String(value), shortest, shortest.toUpperCase()].map(isExactNumber);
        expect(taken).toEqual(Array(3).fill(isPortable(value)));
        const longer = shortest.replace(/(\.\d+)?e/, (_, fraction = '.') => `${fraction.padEnd(18, '0')}1e`);
        expect([longer, isExactNumber(longer)]).toEqual([longer, false]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes a literal where, and only where, it denotes the number that the double is written as', () => {
    const digits = (min: number, max: number) =>
      fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
    const literal = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.bigInt(0n, 10n ** 20n),
        fc.option(digits(1, 20)),
        fc.option(fc.integer({ min: -340, max: 320 })),
      )
      .map(([sign, whole, fraction, power]) =>
        [sign, whole, fraction === null ? '' : `.${fraction}`, power === null ? '' : `e${power}`].join(''),
      );
    fc.assert(
      fc.property(literal, (text) => {
        const value = Number(text);
        const same =
          Number.isFinite(value) &&
          isPortable(value) &&
          !Object.is(value, -0) &&
          scaled(text) === scaled(String(value));
        expect([text, isExactNumber(text)]).toEqual([text, same]);
      }),
      { numRuns: 5_000 },
    );
  });
});

const isPortable = (value: number) => value % 1 !== 0 || Math.abs(value) < 2 ** 53;

/** The decimal as a whole number of 10^-400. */
function scaled(decimal: string): bigint {
  const [mantissa = '', power = '0'] = decimal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return BigInt(`${whole}${fraction}`) * 10n ** BigInt(400 + Number(power) - fraction.length);
}
