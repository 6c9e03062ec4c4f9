import type { AuditLog, StoredEvent } from '../kernel/audit.ts';
import { AUDIT_GENESIS, auditEventHash, type BrokenChain, type ChainHead } from '../kernel/audit-chain.ts';
import type { RevocationFlaw, RevocationStore } from '../kernel/revocation.ts';

/** Read and hashed on the event loop: some four milliseconds together. */
const EVENTS_A_STEP = 512;

/**
 * Recomputes the chain of the audit trail beside the running service, a few events a step and again from the
 * beginning once it is through. What it has seen it knows in the next round: who writes the chain anew, every hash
 * of it, or cuts off its end, is noticed as well.
 */
export class ChainWalk {
  readonly #log: Pick<AuditLog, 'eventsAfter'>;
  readonly #eventsAStep: number;
  #at: ChainHead = AUDIT_GENESIS;
  /** Where the last round ended. */
  #seen: ChainHead = AUDIT_GENESIS;
  /** One break is told a round: behind it, others are its consequence. */
  #broken = false;

  constructor(log: Pick<AuditLog, 'eventsAfter'>, eventsAStep = EVENTS_A_STEP) {
    this.#log = log;
    this.#eventsAStep = eventsAStep;
  }

  /** What does not hold among the next events. `store_unavailable`. */
  async step(): Promise<BrokenChain | undefined> {
    const events = await this.#log.eventsAfter(this.#at.sequence, this.#eventsAStep);
    const found = this.#walk(events) ?? this.#cutOff(events.length);
    const told = this.#broken ? undefined : found;
    this.#broken ||= found !== undefined;
    if (events.length < this.#eventsAStep) this.#begin();
    return told;
  }

  #walk(events: readonly StoredEvent[]): BrokenChain | undefined {
    let found: BrokenChain | undefined;
    for (const event of events) {
      found ??= this.#flawOf(event);
      this.#at = event;
    }
    return found;
  }

  #flawOf(event: StoredEvent): BrokenChain | undefined {
    const place = `event ${event.sequence}`;
    if (event.sequence !== this.#at.sequence + 1) {
      return { place: `event ${this.#at.sequence + 1}`, why: 'it is gone' };
    }
    if (!auditEventHash(this.#at.hash, event).equals(event.hash)) {
      return { place, why: 'its content and the event before it do not give its hash' };
    }
    const isAnother =
      event.sequence === this.#seen.sequence && Buffer.compare(event.hash, this.#seen.hash) !== 0;
    return isAnother ? { place, why: 'the chain up to it was written anew' } : undefined;
  }

  #cutOff(count: number): BrokenChain | undefined {
    if (count === this.#eventsAStep || this.#at.sequence >= this.#seen.sequence) return undefined;
    return { place: `event ${this.#at.sequence + 1}`, why: 'all from here on is gone' };
  }

  #begin(): void {
    if (this.#at.sequence >= this.#seen.sequence) this.#seen = { ...this.#at };
    this.#at = AUDIT_GENESIS;
    this.#broken = false;
  }
}

/**
 * Holds the revocations against the audit events that testify to them, beside the running service, and again from the
 * first event once it is through.
 */
export class RevocationWalk {
  readonly #store: Pick<RevocationStore, 'page'>;
  readonly #isLost: (event: number) => boolean;
  #at: ChainHead = AUDIT_GENESIS;
  /** One flaw is told a round. */
  #broken = false;

  /** `isLost`: whether two persons know that the row of the event is lost. */
  constructor(store: Pick<RevocationStore, 'page'>, isLost: (event: number) => boolean) {
    this.#store = store;
    this.#isLost = isLost;
  }

  /** What does not hold among the next events and revocations. `store_unavailable`, `overloaded`. */
  async step(): Promise<BrokenChain | undefined> {
    const { at, flaws, isEnd } = await this.#store.page(this.#at, null);
    const found = flaws.find((flaw) => this.#isTold(flaw));
    const told = this.#broken ? undefined : found;
    this.#broken = !isEnd && (this.#broken || found !== undefined);
    this.#at = isEnd ? AUDIT_GENESIS : at;
    return told && { place: told.place, why: told.why };
  }

  #isTold({ kind, event }: RevocationFlaw): boolean {
    if (kind === 'gone' || kind === 'cut') return !this.#isLost(event);
    return kind !== 'again';
  }
}
