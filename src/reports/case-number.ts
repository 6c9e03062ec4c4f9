import { randomBytes } from 'node:crypto';

/** Crockford's base 32: no letter that is read as another. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 8;
const FORM = /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/;

/**
 * `7Q3K-M2XD`: 40 random bits that people can read to each other. It opens nothing, and whoever gets one cannot
 * tell how many there are.
 */
export function newCaseNumber(): string {
  const letters = Array.from(randomBytes(LENGTH), (byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
}

/** The number as it is kept, however it was typed; undefined where it is none. */
export function readCaseNumber(typed: string): string | undefined {
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  const number = `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
  return FORM.test(number) ? number : undefined;
}
