import { dropOldest } from '../lib/recent-set.ts';
import type { KeyPairHandles } from './attributes.ts';
import type { HandlePair } from './cryptoki.ts';

/** Beyond it the oldest are found by a search again. */
const MOST = 1_024;

/**
 * The pairs that this process made and that do not serve yet, by `CKA_ID`. A search for them would have some modules
 * look at every object; handles live as long as the process (decision 0003).
 */
export class NewPairs {
  readonly #pairs = new Map<string, KeyPairHandles>();

  add(hsmId: string, { privateKey, publicKey }: HandlePair): KeyPairHandles {
    const pair = { privateKeys: [privateKey], publicKeys: [publicKey] };
    this.#pairs.set(hsmId, pair);
    dropOldest(this.#pairs, MOST);
    return pair;
  }

  get(hsmId: string): KeyPairHandles | undefined {
    return this.#pairs.get(hsmId);
  }

  remove(hsmId: string): void {
    this.#pairs.delete(hsmId);
  }
}
