import { randomBytes } from 'node:crypto';

/** `CKA_ID` of 16 random bytes, reserved before anything is generated. */
export function newHsmId(): string {
  return randomBytes(16).toString('hex');
}
