import { isCheckedSecret, makeCheckedSecret } from './checked-secret.ts';

export const PIN_PREFIX = 'kw_pin_';
const WHOLE = /kw_pin_([0-9A-Za-z]{36})/g;

/** A new PIN for an HSM token: 43 characters that a scan recognises without knowing the PIN. */
export function makePin(): string {
  return `${PIN_PREFIX}${makeCheckedSecret()}`;
}

/** PINs made by `makePin` within a text, in order. */
export function* pinsIn(text: string): Generator<{ readonly at: number; readonly text: string }> {
  for (const { 0: found, 1: secret = '', index: at } of text.matchAll(WHOLE)) {
    if (isCheckedSecret(secret)) yield { at, text: found };
  }
}
