import type { ChainHead } from '../kernel/audit-chain.ts';
import type { BrokenChain } from '../domain/broken-chain.ts';
import type { RevocationStore } from '../kernel/revocation.ts';
import { REVOCATION_GENESIS } from '../domain/revocation-chain.ts';

/** Recomputes the chain of revocations beside the running service, and again from the first once it is through. */
export class RevocationWalk {
  readonly #store: Pick<RevocationStore, 'page' | 'end'>;
  #at: ChainHead = REVOCATION_GENESIS;
  /** One break is told a round: behind it, others are its consequence. */
  #broken = false;

  constructor(store: Pick<RevocationStore, 'page' | 'end'>) {
    this.#store = store;
  }

  /** What does not hold among the next revocations. `store_unavailable`, `overloaded`. */
  async step(): Promise<BrokenChain | undefined> {
    const end = this.#store.end();
    const { at, broken, isEnd } = await this.#store.page(this.#at, null);
    const found = broken ?? (isEnd ? atEnd(at, end) : undefined);
    const told = this.#broken ? undefined : found;
    this.#broken = !isEnd && (this.#broken || found !== undefined);
    this.#at = isEnd ? REVOCATION_GENESIS : at;
    return told;
  }
}

function atEnd(at: ChainHead, end: ChainHead | undefined): BrokenChain | undefined {
  if (!end) return undefined;
  if (at.sequence < end.sequence) {
    return { place: `revocation ${at.sequence + 1}`, why: 'all from here on is gone' };
  }
  if (at.sequence > end.sequence || Buffer.compare(at.hash, end.hash) === 0) return undefined;
  return { place: `revocation ${at.sequence}`, why: 'the chain up to it was written anew' };
}
