import type { IssuanceRecord, IssuedToken } from '../../../src/kernel/issuance.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';

/** What is durable, what was told of it and what was released, in the order in which it happened. */
export class RaceJudge {
  readonly #records = new MemoryLedger();
  readonly #acknowledged = new Set<string>();
  /** By kid, and by what befell every token of the race. */
  readonly #ended = new Map<string, string>();
  readonly violations: string[] = [];
  /** Tokens that left the service, those of them that left after an act, and those that were ready and stayed. */
  readonly counts = { released: 0, afterActs: 0, heldBack: 0 };

  /** A record becomes durable. */
  async recorded(record: IssuanceRecord): Promise<void> {
    const end = this.#ended.get(record.kid);
    if (end) this.violations.push(`recorded after its key was ${end}`);
    await this.#records.record(record);
  }

  /** Whoever asked for it is told that it is. */
  acknowledged({ digest }: IssuanceRecord): void {
    this.#acknowledged.add(digest.toString('hex'));
  }

  /** A commit after which nothing of the key, or no token of the race, may leave. */
  ended(what: string, how: string): void {
    this.#ended.set(what, how);
  }

  released({ token, kid }: IssuedToken): void {
    this.counts.released += 1;
    if (this.#ended.size > 0) this.counts.afterActs += 1;
    const digest = digestOf(token.slice(0, token.lastIndexOf('.')));
    const records = this.#records.records.filter((record) => record.digest.equals(digest));
    if (records.length !== 1) this.violations.push(`released with ${records.length} records`);
    else if (!this.#acknowledged.has(digest.toString('hex'))) {
      this.violations.push('released while its commit was in doubt');
    }
    for (const [what, how] of this.#ended) {
      if (what === kid) this.violations.push(`released after its key was ${how}`);
      if (what === EVERY_TOKEN) this.violations.push(`released after ${how}`);
    }
  }
}

export const EVERY_TOKEN = 'every token';
