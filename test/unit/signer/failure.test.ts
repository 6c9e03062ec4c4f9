import { describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { awaiting, CryptokiError, calling } from '../../../src/signer/cryptoki.ts';
import { failureOf } from '../../../src/signer/epoch.ts';

const thrower = (error: Error) => () => {
  throw error;
};
const withCode = (message: string, code: number) => Object.assign(new Error(message), { code });

describe('an error of the PKCS#11 library', () => {
  it.each([
    ['a code', withCode('CKR_DEVICE_ERROR', 0x30), 0x30],
    ['the number after the last colon', new Error('CKR_OBJECT_HANDLE_INVALID:130'), 130],
    ['that number alone, whatever the name', new Error('CKR_VENDOR_DEFINED:5:2147483905'), 0x80000101],
  ])('is told by %s', async (_, error, ckr) => {
    const expected = new CryptokiError('C_Any', ckr);
    expect(() => calling('C_Any', thrower(error))).toThrow(expected);
    await expect(awaiting('C_Any', () => Promise.reject(error))).rejects.toEqual(expected);
  });

  it.each([
    ['a wrong argument of ours', new TypeError('Argument 1:2')],
    ['a module that does not load', new Error('libfoo.so: cannot open shared object file')],
    ['a code of 0', withCode('no such function', 0)],
  ])('stays what it is where it is %s', (_, error) => {
    expect(() => calling('C_Any', thrower(error))).toThrow(error);
  });
});

describe('what the front is told (PKCS11.md rule 7)', () => {
  it.each([
    ['GENERAL_ERROR', 0x05, 'hsm_unavailable', 'replace'],
    ['DEVICE_ERROR', 0x30, 'hsm_unavailable', 'replace'],
    ['DEVICE_MEMORY', 0x31, 'hsm_unavailable', 'retry'],
    ['DEVICE_REMOVED', 0x32, 'hsm_unavailable', 'replace'],
    ['FUNCTION_CANCELED', 0x50, 'hsm_unavailable', 'retry'],
    ['KEY_HANDLE_INVALID', 0x60, 'hsm_unavailable', 'replace'],
    ['MECHANISM_INVALID', 0x70, 'hsm_refused', 'stop'],
    ['OBJECT_HANDLE_INVALID', 0x82, 'hsm_unavailable', 'replace'],
    ['OPERATION_ACTIVE', 0x90, 'hsm_unavailable', 'retry'],
    ['PIN_INCORRECT', 0xa0, 'pin_latched', 'stop'],
    ['PIN_LOCKED', 0xa4, 'pin_latched', 'stop'],
    ['SESSION_HANDLE_INVALID', 0xb3, 'hsm_unavailable', 'replace'],
    ['TEMPLATE_INCONSISTENT', 0xd1, 'hsm_refused', 'stop'],
    ['TOKEN_NOT_PRESENT', 0xe0, 'hsm_unavailable', 'replace'],
    ['USER_NOT_LOGGED_IN', 0x101, 'hsm_unavailable', 'replace'],
    ['CRYPTOKI_NOT_INITIALIZED', 0x190, 'hsm_unavailable', 'replace'],
    ['a value of a vendor', 0x80000001, 'hsm_unavailable', 'replace'],
  ])('of %s', (_, ckr, code, remedy) => {
    expect(failureOf(new CryptokiError('C_Sign', ckr))).toMatchObject({ code, remedy, ckr });
  });

  it('of a refusal is its own word', () => {
    const refusal = new KeywardError('binding_refused', 'aud is not the audience of the key');
    expect(failureOf(refusal)).toEqual({
      code: 'binding_refused',
      message: 'aud is not the audience of the key',
    });
  });

  it.each([
    [0xa0, 'C_Sign: CKR_PIN_INCORRECT (0xa0)'],
    [0xe1, 'C_Sign: CKR_TOKEN_NOT_RECOGNIZED (0xe1)'],
    [0x140, 'C_Sign: CKR_CURVE_NOT_SUPPORTED (0x140)'],
    [0x80000101, 'C_Sign: CKR_VENDOR_DEFINED (0x80000101)'],
    [0x7777, 'C_Sign: a return value without a name (0x7777)'],
  ])('of 0x%x has the function and the name for operators, and neither for callers', (ckr, detail) => {
    const failure = failureOf(new CryptokiError('C_Sign', ckr));
    expect(failure.detail).toBe(detail);
    expect(failure.message).not.toMatch(/CKR|C_Sign|0x/);
  });

  it('of a refusal with a cause has the cause for operators alone', () => {
    const cause = new Error("EMFILE: too many open files, open '/run/pin'");
    expect(failureOf(new KeywardError('hsm_unavailable', 'it cannot be opened', { cause }))).toEqual({
      code: 'hsm_unavailable',
      message: 'it cannot be opened',
      detail: cause.message,
      remedy: 'replace',
    });
  });

  it('of anything unforeseen is nothing of its text', () => {
    expect(failureOf(new Error('/etc/secret'))).toEqual({ code: 'internal', message: 'the signer failed' });
  });
});
