import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { PIN_BYTES } from '../domain/pin-candidates.ts';

/** What stays of the PIN after the login: enough to recognise it, under a key that ends with this process. */
export interface PinMark {
  /** When it was read, in seconds since the epoch. */
  readonly since: number;
  /** False for a PIN so short that whoever may ask could guess it. */
  readonly comparable: boolean;
  /** In the same time whatever the answer. */
  isPin(candidate: Buffer): boolean;
}

/** The PIN remains the caller's to clear. */
export function markPin(pin: Buffer): PinMark {
  const key = randomBytes(32);
  const digestOf = (bytes: Buffer) => createHmac('sha256', key).update(bytes).digest();
  const digest = digestOf(pin);
  return {
    since: Math.floor(Date.now() / 1_000),
    comparable: pin.length >= PIN_BYTES.least,
    isPin: (candidate) => timingSafeEqual(digestOf(candidate), digest),
  };
}
