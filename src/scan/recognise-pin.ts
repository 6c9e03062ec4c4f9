import { PIN_PREFIX, pinsIn } from '../kernel/credential.ts';
import type { Recogniser } from './finding.ts';
import { pinPattern } from './pin-encodings.ts';

/** PINs that Keyward made, by prefix and checksum. */
export const madePins: Recogniser = {
  needles: [PIN_PREFIX],
  *find(text) {
    for (const { at, text: secret } of pinsIn(text)) {
      yield { at, sight: { kind: 'pin', secret, exact: false } };
    }
  },
};

/** One PIN, whoever made it. */
export interface ExactPin extends Recogniser {
  readonly secret: string;
  /** A name of a file without it. */
  hiddenIn(name: string): string;
}

/** The bytes of one PIN, in every encoding that `pinPattern` knows. */
export function exactPin(pin: Buffer): ExactPin {
  const pattern = pinPattern(pin);
  const secret = pin.toString('latin1');
  return {
    secret,
    // It begins with anything.
    needles: [''],
    readsEncodings: true,
    *find(text) {
      for (const { index: at } of text.matchAll(pattern)) {
        yield { at, sight: { kind: 'pin', secret, exact: true } };
      }
    },
    hiddenIn: (name) =>
      Buffer.from(Buffer.from(name).toString('latin1').replaceAll(pattern, '[PIN]'), 'latin1').toString(),
  };
}
