import { PIN_PREFIX, pinsIn } from '../kernel/credential.ts';
import type { Recogniser } from './finding.ts';
import { pinPattern } from './pin-encodings.ts';

/** PINs that Keyward made, by prefix and checksum. */
export const madePins: Recogniser = {
  needles: [PIN_PREFIX],
  *find(text) {
    for (const { at, text: secret } of pinsIn(text)) {
      yield { at, sight: { kind: 'pin', secret, file: null } };
    }
  },
};

/** One PIN, whoever made it. */
export interface ExactPin extends Recogniser {
  /** One character a byte. */
  readonly secret: string;
  /** Where it stands in a text of one byte a character. */
  spans(text: string): Iterable<Span>;
}

interface Span {
  readonly from: number;
  readonly until: number;
}

/** The bytes of one PIN, in every encoding that `pinPattern` knows. `file` names the PIN file in findings. */
export function exactPin(pin: Buffer, file: string): ExactPin {
  const pattern = pinPattern(pin);
  const secret = pin.toString('latin1');
  function* spans(text: string): Generator<Span> {
    for (const { 0: found, index: from } of text.matchAll(pattern)) {
      yield { from, until: from + found.length };
    }
  }
  return {
    secret,
    spans,
    // It begins with anything.
    needles: [''],
    readsEncodings: true,
    *find(text) {
      for (const { from: at } of spans(text)) yield { at, sight: { kind: 'pin', secret, file } };
    },
  };
}

/** A name of a file with `[PIN]` in place of each. Of PINs that overlap, no part is left. */
export function withoutPins(name: string, pins: readonly ExactPin[]): string {
  const text = Buffer.from(name).toString('latin1');
  const spans = pins.flatMap((pin) => [...pin.spans(text)]).sort((one, other) => one.from - other.from);
  let shown = '';
  let at = 0;
  for (const { from, until } of spans) {
    if (from >= at) shown += `${text.slice(at, from)}[PIN]`;
    at = Math.max(at, until);
  }
  return Buffer.from(shown + text.slice(at), 'latin1').toString();
}
