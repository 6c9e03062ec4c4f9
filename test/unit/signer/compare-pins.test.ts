import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { packPinCandidates } from '../../../src/domain/pin-candidates.ts';
import { makeBoxKey, seal } from '../../../src/domain/sealed-box.ts';
import { PinComparison } from '../../../src/signer/compare-pins.ts';
import { PIN_COMPARISONS, PinAllowance } from '../../../src/signer/pin-allowance.ts';
import { markPin } from '../../../src/signer/pin-mark.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const NOON = 1_795_478_400 + 43_200;
const DAY = 86_400;
let latchFile = '';
let now = NOON;
beforeEach(() => {
  latchFile = join(folderOfTest(), 'pin-latch.json');
  now = NOON;
});

const allowance = () => new PinAllowance(latchFile, () => now);
const comparison = (pin = '48213077') => new PinComparison(markPin(Buffer.from(pin)), allowance());
const ask = (to: PinComparison, ...candidates: string[]) =>
  to.compare(seal(to.describe().publicKey, packPinCandidates(candidates)));
const limited = (retryAfterSeconds: number) =>
  expect.objectContaining({ code: 'rate_limited', retryAfterSeconds });

describe('the signer compares', () => {
  it('candidates with its PIN, and says which they are', () => {
    const pins = comparison();
    expect(ask(pins, '12345678', '48213077', '48213078', '48213077')).toEqual({
      compared: 4,
      matches: [1, 3],
    });
    expect(ask(pins, '482130770', 'x4821307')).toEqual({ compared: 2, matches: [] });
  });

  it('nothing with a PIN of fewer than 8 characters; one of 8 is compared', () => {
    const short = comparison('1234567');
    expect(short.describe().comparable).toBe(false);
    expect(() => ask(short, '12345678')).toThrow(expect.objectContaining({ code: 'pin_not_comparable' }));
    expect(comparison('12345678').describe().comparable).toBe(true);
  });

  it('nothing that was sealed for another process, or that is no batch of candidates', () => {
    const pins = comparison();
    const wrong = expect.objectContaining({ code: 'invalid_request' });
    const sealed = (bytes: Buffer) => seal(pins.describe().publicKey, bytes);
    expect(() => pins.compare(seal(makeBoxKey().publicKey, packPinCandidates(['48213077'])))).toThrow(wrong);
    expect(() => pins.compare(Buffer.from('48213077'))).toThrow(wrong);
    expect(() => pins.compare(sealed(packPinCandidates(['48213077', '1234567'])))).toThrow(wrong);
    expect(ask(pins, '48213077').matches).toEqual([0]);
  });

  it('with a mark that holds nothing of the PIN, and is another each time', () => {
    const pin = Buffer.from('48213077');
    const mark = markPin(pin);
    pin.fill(0);
    expect([mark.isPin(Buffer.from('48213077')), mark.isPin(pin)]).toEqual([true, false]);
    expect(JSON.stringify(mark)).not.toContain('48213077');
    expect(comparison().describe().publicKey).not.toBe(comparison().describe().publicKey);
  });
});

describe('the number of candidates is limited', () => {
  const { aMinute, aDay } = PIN_COMPARISONS;

  it('within a minute', () => {
    const allowed = allowance();
    allowed.take(aMinute - 1);
    allowed.take(1);
    now += 15;
    expect(() => allowed.take(1)).toThrow(limited(45));
    now += 45;
    allowed.take(aMinute);
  });

  it('within a day, by all processes of a token together, on disk before they are compared', () => {
    for (let taken = 0; taken < aDay; taken += aMinute) allowance().take(aMinute);
    expect(readFileSync(`${latchFile}.compared`, 'utf8')).toBe(`${Math.floor(NOON / DAY)} ${aDay}\n`);
    expect(statSync(`${latchFile}.compared`).mode & 0o777).toBe(0o600);
    expect(() => allowance().take(1)).toThrow(limited(DAY / 2));
    now += DAY / 2;
    allowance().take(1);
  });

  it('also where the clock is set back', () => {
    for (let taken = 0; taken < aDay; taken += aMinute) allowance().take(aMinute);
    now -= 3 * DAY;
    expect(() => allowance().take(1)).toThrow(expect.objectContaining({ code: 'rate_limited' }));
  });

  it('and used up where the record cannot be read', () => {
    writeFileSync(`${latchFile}.compared`, 'nonsense');
    expect(() => allowance().take(1)).toThrow(expect.objectContaining({ code: 'rate_limited' }));
    writeFileSync(`${latchFile}.compared`, `${Math.floor(NOON / DAY)} ${aDay - 1}\n`);
    allowance().take(1);
  });

  it('before anything is compared: a refused batch is answered with nothing', () => {
    writeFileSync(`${latchFile}.compared`, `${Math.floor(NOON / DAY)} ${aDay - 1}\n`);
    const pins = comparison();
    expect(() => ask(pins, '48213077', '12345678')).toThrow(
      expect.objectContaining({ code: 'rate_limited' }),
    );
    expect(ask(pins, '48213077').matches).toEqual([0]);
  });
});
