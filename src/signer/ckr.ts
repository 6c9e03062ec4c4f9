import pkcs11js from 'pkcs11js';
import type { ErrorCode } from '../kernel/errors.ts';
import type { Remedy } from './protocol.ts';

/** What a return value of the module means to us. */
interface Meaning {
  readonly code: ErrorCode;
  readonly remedy: Remedy;
  /** Whether it may concern one key alone, so that the other keys can go on. */
  readonly ofOneKey: boolean;
}

const RETRY: Meaning = { code: 'hsm_unavailable', remedy: 'retry', ofOneKey: false };
const REPLACE: Meaning = { code: 'hsm_unavailable', remedy: 'replace', ofOneKey: false };
const REPLACE_FOR_KEY: Meaning = { ...REPLACE, ofOneKey: true };
const REFUSED: Meaning = { code: 'hsm_refused', remedy: 'stop', ofOneKey: true };
const TOKEN_REFUSED: Meaning = { ...REFUSED, ofOneKey: false };
const PIN: Meaning = { code: 'pin_latched', remedy: 'stop', ofOneKey: false };

/** Return values by number (PKCS#11 v2.40, pkcs11t.h), each with its remedy; any other ends the process. */
const MEANINGS = new Map<number, Meaning>([
  [0x01, RETRY], // CANCEL
  [0x05, REPLACE_FOR_KEY], // GENERAL_ERROR
  [0x06, REPLACE_FOR_KEY], // FUNCTION_FAILED
  [0x07, REFUSED], // ARGUMENTS_BAD
  [0x0a, TOKEN_REFUSED], // CANT_LOCK
  [0x10, REFUSED], // ATTRIBUTE_READ_ONLY
  [0x11, REFUSED], // ATTRIBUTE_SENSITIVE
  [0x12, REFUSED], // ATTRIBUTE_TYPE_INVALID
  [0x13, REFUSED], // ATTRIBUTE_VALUE_INVALID
  [0x1b, REFUSED], // ACTION_PROHIBITED
  [0x20, REFUSED], // DATA_INVALID
  [0x21, REFUSED], // DATA_LEN_RANGE
  [0x31, RETRY], // DEVICE_MEMORY
  [0x50, RETRY], // FUNCTION_CANCELED
  [0x54, REFUSED], // FUNCTION_NOT_SUPPORTED
  [0x60, REPLACE_FOR_KEY], // KEY_HANDLE_INVALID
  [0x62, REFUSED], // KEY_SIZE_RANGE
  [0x63, REFUSED], // KEY_TYPE_INCONSISTENT
  [0x68, REFUSED], // KEY_FUNCTION_NOT_PERMITTED
  [0x70, REFUSED], // MECHANISM_INVALID
  [0x71, REFUSED], // MECHANISM_PARAM_INVALID
  [0x82, REPLACE_FOR_KEY], // OBJECT_HANDLE_INVALID
  [0x90, RETRY], // OPERATION_ACTIVE: its session has been discarded
  [0x91, RETRY], // OPERATION_NOT_INITIALIZED: the same
  [0xa0, PIN], // PIN_INCORRECT
  [0xa1, PIN], // PIN_INVALID
  [0xa2, PIN], // PIN_LEN_RANGE
  [0xa3, PIN], // PIN_EXPIRED
  [0xa4, PIN], // PIN_LOCKED
  [0xd0, REFUSED], // TEMPLATE_INCOMPLETE
  [0xd1, REFUSED], // TEMPLATE_INCONSISTENT
  [0xe2, TOKEN_REFUSED], // TOKEN_WRITE_PROTECTED
  [0x102, PIN], // USER_PIN_NOT_INITIALIZED
  [0x130, REFUSED], // DOMAIN_PARAMS_INVALID
  [0x140, REFUSED], // CURVE_NOT_SUPPORTED
  [0x150, REFUSED], // BUFFER_TOO_SMALL
  [0x200, TOKEN_REFUSED], // FUNCTION_REJECTED
]);

export function meaningOf(ckr: number): Meaning {
  return MEANINGS.get(ckr) ?? REPLACE;
}

/** The template was not taken: nothing was made, so another may be offered. */
const OF_TEMPLATE = new Set([0x12, 0x13, 0xd0, 0xd1, 0x130, 0x140]);

export function isTemplateError(ckr: number): boolean {
  return OF_TEMPLATE.has(ckr);
}

/** DEVICE_MEMORY: what it means of a new object. */
export function isFull(ckr: number): boolean {
  return ckr === 0x31;
}

/** The PIN reached the token and was not accepted. */
const OF_PIN = new Set([0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0x102, 0x200]);

export function isPinRejection(ckr: number): boolean {
  return OF_PIN.has(ckr);
}

/**
 * The PIN cannot have reached the token: HOST_MEMORY, ARGUMENTS_BAD, DEVICE_REMOVED, SESSION_CLOSED,
 * SESSION_HANDLE_INVALID, TOKEN_NOT_PRESENT, USER_ALREADY_LOGGED_IN, USER_ANOTHER_ALREADY_LOGGED_IN,
 * CRYPTOKI_NOT_INITIALIZED.
 */
const BEFORE_PIN = new Set([0x02, 0x07, 0x32, 0xb0, 0xb3, 0xe0, 0x100, 0x104, 0x190]);

export function isBeforePin(ckr: number): boolean {
  return BEFORE_PIN.has(ckr);
}

/** Return values of PKCS#11 2.40 and 3.0 that pkcs11js does not name. */
const LATER_NAMES: readonly (readonly [ckr: number, name: string])[] = [
  [0x1b, 'CKR_ACTION_PROHIBITED'],
  [0x140, 'CKR_CURVE_NOT_SUPPORTED'],
  [0x201, 'CKR_TOKEN_RESOURCE_EXCEEDED'],
  [0x202, 'CKR_OPERATION_CANCEL_FAILED'],
  [0x203, 'CKR_KEY_EXHAUSTED'],
];
const FIRST_OF_VENDORS = 0x80000000;

const NAMES: ReadonlyMap<number, string> = new Map([
  ...LATER_NAMES,
  ...Object.entries(pkcs11js).flatMap(([name, ckr]) =>
    name.startsWith('CKR_') && typeof ckr === 'number' ? [[ckr, name] as const] : [],
  ),
]);

/** A return value as operators look it up, such as `CKR_PIN_INCORRECT (0xa0)`. */
export function ckrName(ckr: number): string {
  const number = `0x${ckr.toString(16)}`;
  if (ckr >= FIRST_OF_VENDORS) return `CKR_VENDOR_DEFINED (${number})`;
  return `${NAMES.get(ckr) ?? 'a return value without a name'} (${number})`;
}
