import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  credentialsIn,
  digestOfMadePin,
  makeCredential,
  makePin,
  maskCredentials,
  pinsIn,
} from '../../../src/kernel/credential.ts';

const svc = makeCredential('svc');
const ops = makeCredential('ops');
const end = svc.text.endsWith('0') ? '1' : '0';
const mistyped = svc.text.slice(0, -1) + end;

describe('credentials in a text', () => {
  it('are found by their checksum, whatever stands around them', () => {
    const text = `x${svc.text}.${mistyped} "${ops.text}"`;
    expect([...credentialsIn(text)]).toEqual([
      { ...svc, at: 1 },
      { ...ops, at: text.indexOf(ops.text) },
    ]);
  });

  it.each(['', 'kw_svc_', mistyped, svc.text.slice(0, -1), svc.text.replace('svc', 'pub')])(
    'are none in %j',
    (text) => {
      expect([...credentialsIn(text)]).toEqual([]);
    },
  );

  it('are masked together with PINs that Keyward made', () => {
    expect(maskCredentials(`pin: ${makePin()}, cut ${makePin().slice(0, 20)}`)).toBe(
      'pin: kw_pin_[masked], cut kw_pin_[masked]',
    );
  });

  it('are masked, and so is what was mistyped or cut off', () => {
    const text = `one ${svc.text}\ntwo ${ops.text}, three ${mistyped} four ${svc.text.slice(0, 37)}`;
    expect(maskCredentials(text)).toBe(
      'one kw_svc_[masked]\ntwo kw_ops_[masked], three kw_svc_[masked] four kw_svc_[masked]',
    );
  });

  it.each(['they all begin with kw_svc_ or kw_ops_', 'kw_svc_short', 'kw_sv_0123456789abcdef'])(
    'are masked alone: %s stays',
    (text) => {
      expect(maskCredentials(text)).toBe(text);
    },
  );
});

describe('a PIN that Keyward makes', () => {
  const pin = makePin();

  it('has 178 random bits and a checksum, and is found by them wherever it stands', () => {
    expect(pin).toMatch(/^kw_pin_[0-9A-Za-z]{36}$/);
    expect([...pinsIn(`HSM_PIN=${pin}x`)]).toEqual([{ at: 8, text: pin }]);
    expect(new Set(Array.from({ length: 100 }, makePin)).size).toBe(100);
  });

  it.each([
    ['another last character', pin.slice(0, -1) + (pin.endsWith('0') ? '1' : '0')],
    ['a character less', pin.slice(0, -1)],
    ['the prefix of a credential', pin.replace('pin', 'svc')],
  ])('is none with %s', (_, text) => {
    expect([[...pinsIn(text)], digestOfMadePin(text)]).toEqual([[], undefined]);
  });

  it('is known by its digest where it stands alone', () => {
    expect(digestOfMadePin(pin)).toEqual(createHash('sha256').update(pin).digest());
    for (const text of [`${pin}\n`, `x${pin}`, `${pin}${pin}`]) expect(digestOfMadePin(text)).toBeUndefined();
  });

  it('is no credential', () => {
    expect([...credentialsIn(pin)]).toEqual([]);
  });
});
