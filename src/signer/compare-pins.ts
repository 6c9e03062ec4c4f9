import { KeywardError } from '../domain/errors.ts';
import { unpackPinCandidates } from '../domain/pin-candidates.ts';
import { makeBoxKey, unseal } from '../domain/sealed-box.ts';
import type { PinAllowance } from './pin-allowance.ts';
import type { PinMark } from './pin-mark.ts';
import type { Operations } from './protocol.ts';

type Compared = Operations['comparePins']['gives'];

/** Answers whether candidates are the PIN. They come sealed, so that the front sees neither them nor the PIN (I8). */
export class PinComparison {
  readonly #boxKey = makeBoxKey();
  readonly #mark: PinMark;
  readonly #allowance: PinAllowance;

  constructor(mark: PinMark, allowance: PinAllowance) {
    this.#mark = mark;
    this.#allowance = allowance;
  }

  describe(): Operations['pinMark']['gives'] {
    const { since, comparable } = this.#mark;
    return { publicKey: this.#boxKey.publicKey, since, comparable };
  }

  /** `pin_not_comparable`, `invalid_request`, `rate_limited`. */
  compare(sealed: Uint8Array): Compared {
    if (!this.#mark.comparable) {
      throw new KeywardError('pin_not_comparable', 'the PIN is too short: comparing would help to guess it');
    }
    const packed = unseal(this.#boxKey, sealed);
    if (!packed) throw new KeywardError('invalid_request', 'sealed: for another key; ask for the key again');
    try {
      return this.#among(packed);
    } finally {
      packed.fill(0);
    }
  }

  #among(packed: Buffer): Compared {
    const candidates = unpackPinCandidates(packed);
    if (!candidates) {
      throw new KeywardError('invalid_request', 'sealed: 1 to 1,000 candidates of 8 to 64 bytes each');
    }
    this.#allowance.take(candidates.length);
    const matches = candidates.flatMap((candidate, at) => (this.#mark.isPin(candidate) ? [at] : []));
    return { compared: candidates.length, matches };
  }
}
