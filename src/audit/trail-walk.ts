import { AUDIT_GENESIS, type BrokenChain, type ChainHead } from '../kernel/audit-chain.ts';
import type { RevocationFlaw, RevocationStore } from '../kernel/revocation.ts';

/** What does not hold among some events of the audit trail. */
interface Found {
  /** Of the chain itself. */
  readonly audit: BrokenChain | undefined;
  /** Between revocations and the events that testify to them. */
  readonly revocations: BrokenChain | undefined;
}

/**
 * Recomputes the chain of the audit trail beside the running service, and compares the revocations with it: a few
 * events a step, and again from the first once it is through. Each round knows where the last one ended. So it also
 * notices a chain that was written anew, and one whose end was cut off.
 */
export class TrailWalk {
  readonly #store: Pick<RevocationStore, 'page'>;
  readonly #isLost: (event: number) => boolean;
  readonly #end: () => ChainHead | undefined;
  #at: ChainHead = AUDIT_GENESIS;
  /** Where the longest round ended, or the end that is known to be committed: what lies behind it may be undone. */
  #seen: ChainHead = AUDIT_GENESIS;
  /** One flaw of each kind is told a round: behind a break, others are its consequence. */
  #told = { audit: false, revocations: false };

  /**
   * `isLost`: whether two persons know that the row of the event is lost. `end`: the last event that is known to be
   * committed, where anything is known.
   */
  constructor(
    store: Pick<RevocationStore, 'page'>,
    isLost: (event: number) => boolean,
    end: () => ChainHead | undefined,
  ) {
    this.#store = store;
    this.#isLost = isLost;
    this.#end = end;
  }

  /** What does not hold among the next events and revocations. `store_unavailable`, `overloaded`. */
  async step(): Promise<Found> {
    const { at, broken, flaws, isEnd } = await this.#store.page(this.#at, null, this.#seen);
    const flaw = flaws.find((each) => this.#isTold(each));
    const found = {
      audit: this.#told.audit ? undefined : broken,
      revocations: this.#told.revocations ? undefined : flaw && { place: flaw.place, why: flaw.why },
    };
    this.#told.audit ||= broken !== undefined;
    this.#told.revocations ||= flaw !== undefined;
    this.#at = at;
    if (isEnd) this.#begin();
    return found;
  }

  #begin(): void {
    const reached = this.#end() ?? this.#at;
    if (reached.sequence >= this.#seen.sequence) this.#seen = reached;
    this.#at = AUDIT_GENESIS;
    this.#told = { audit: false, revocations: false };
  }

  #isTold({ kind, event }: RevocationFlaw): boolean {
    if (kind === 'gone' || kind === 'cut') return !this.#isLost(event);
    return kind !== 'again';
  }
}
