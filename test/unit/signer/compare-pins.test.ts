import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LEAST_PIN_CHARGE, packPinCandidates } from '../../../src/domain/pin-candidates.ts';
import { makeBoxKey, seal } from '../../../src/domain/sealed-box.ts';
import { PinComparison } from '../../../src/signer/compare-pins.ts';
import { PIN_COMPARISONS, PinAllowance } from '../../../src/signer/pin-allowance.ts';
import { markPin } from '../../../src/signer/pin-mark.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const NOON = 1_795_478_400 + 43_200;
const DAY = 86_400;
const TODAY = Math.floor(NOON / DAY);
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
const record = () => readFileSync(`${latchFile}.compared`, 'utf8');
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
    expect(() => ask(pins)).toThrow(wrong);
    expect(existsSync(`${latchFile}.compared`)).toBe(false);
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
    allowed.take(aMinute - LEAST_PIN_CHARGE);
    allowed.take(1);
    now += 15;
    expect(() => allowed.take(1)).toThrow(limited(45));
    now += 45;
    allowed.take(aMinute);
  });

  it('within a day, by all processes of a token together, on disk before they are compared', () => {
    for (let taken = 0; taken < aDay; taken += aMinute) allowance().take(aMinute);
    expect(record()).toBe(`${TODAY} ${aDay}\n`);
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
    writeFileSync(`${latchFile}.compared`, `${TODAY} ${aDay - LEAST_PIN_CHARGE}\n`);
    allowance().take(1);
    expect(() => allowance().take(1)).toThrow(limited(DAY / 2));
  });

  it('where a batch of one counts as a hundred, and a larger one as what it is', () => {
    const allowed = allowance();
    for (let batches = 0; batches < aMinute / LEAST_PIN_CHARGE; batches++) allowed.take(1);
    expect(() => allowed.take(1)).toThrow(limited(60));
    expect(record()).toBe(`${TODAY} ${aMinute}\n`);
    const other = allowance();
    for (let batches = 0; batches < aMinute / 1_000; batches++) other.take(1_000);
    expect(record()).toBe(`${TODAY} ${2 * aMinute}\n`);
  });

  it('in blocks on disk: what a process reserved and did not use is lost with it, and no limit is passed', () => {
    const first = allowance();
    first.take(1_000);
    const written = statSync(`${latchFile}.compared`);
    for (let batches = 1; batches < 10; batches++) first.take(1_000);
    expect([record(), statSync(`${latchFile}.compared`).ino]).toEqual([`${TODAY} 10000\n`, written.ino]);
    first.take(1_000);
    expect(record()).toBe(`${TODAY} 20000\n`);
    const starts = aDay / 10_000 - 2;
    for (let started = 0; started < starts; started++) allowance().take(1);
    expect(record()).toBe(`${TODAY} ${aDay}\n`);
    expect(() => allowance().take(1)).toThrow(limited(DAY / 2));
    // The process that reserved has the rest of its block all the same.
    for (let batches = 0; batches < 9; batches++) first.take(1_000);
    expect(() => first.take(1_000)).toThrow(limited(DAY / 2));
  });

  it('and what was reserved ends with its day', () => {
    const allowed = allowance();
    allowed.take(1_000);
    now += DAY / 2;
    allowed.take(1_000);
    expect(record()).toBe(`${TODAY + 1} 10000\n`);
    for (let batches = 1; batches < 10; batches++) allowed.take(1_000);
    expect(record()).toBe(`${TODAY + 1} 10000\n`);
    allowed.take(1_000);
    expect(record()).toBe(`${TODAY + 1} 20000\n`);
  });

  it('before anything is compared: a refused batch is answered with nothing', () => {
    writeFileSync(`${latchFile}.compared`, `${TODAY} ${aDay - LEAST_PIN_CHARGE}\n`);
    const pins = comparison();
    const many = Array.from({ length: LEAST_PIN_CHARGE }, () => '12345678');
    expect(() => ask(pins, '48213077', ...many)).toThrow(expect.objectContaining({ code: 'rate_limited' }));
    expect(ask(pins, '48213077').matches).toEqual([0]);
  });
});
