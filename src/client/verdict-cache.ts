import { hash } from 'node:crypto';
import type { RefusalReason } from '../kernel/verification.ts';
import type { Claims } from './claims.ts';
import type { KeptToken } from './revoked-rules.ts';

interface AcceptedToken<C extends Claims> extends KeptToken {
  readonly claims: C;
  /** The first instant at which the token is good no longer, seconds since the epoch. */
  readonly until: number;
}

/**
 * Tokens that were found good, by SHA-256 of the whole token: by the signing input alone any signature would pass.
 * Bounded: the oldest goes first.
 */
export class VerdictCache<C extends Claims> {
  readonly #entries = new Map<string, AcceptedToken<C>>();
  readonly #limit: number;
  /** Grows whenever anything is withdrawn: what was judged before must not be put in after. */
  generation = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  static keyOf(token: string): string {
    return hash('sha256', token, 'base64');
  }

  get(key: string, now: number): C | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (now < entry.until) return entry.claims;
    this.#entries.delete(key);
    return undefined;
  }

  put(key: string, { claims, until }: Omit<AcceptedToken<C>, 'hashes'>): void {
    if (this.#entries.size >= this.#limit) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    if (this.#limit > 0) this.#entries.set(key, { claims, until, hashes: undefined });
  }

  drop(withdrawn: (token: AcceptedToken<C>) => boolean): void {
    this.generation += 1;
    for (const [key, token] of this.#entries) if (withdrawn(token)) this.#entries.delete(key);
  }

  clear(): void {
    this.generation += 1;
    this.#entries.clear();
  }
}

const MOST = 10_000;

/** Tokens that the service has refused after they were accepted, by digest, until they have expired anyway. */
export class RefusedTokens {
  readonly #reasons = new Map<string, { readonly reason: RefusalReason; readonly until: number }>();

  get size(): number {
    return this.#reasons.size;
  }

  add(digest: string, reason: RefusalReason, until: number): void {
    this.#reasons.set(digest, { reason, until });
    if (this.#reasons.size <= MOST) return;
    const [oldest] = this.#reasons.keys();
    if (oldest !== undefined) this.#reasons.delete(oldest);
  }

  reasonFor(digest: string, now: number): RefusalReason | undefined {
    const refused = this.#reasons.get(digest);
    if (refused && refused.until <= now) this.#reasons.delete(digest);
    return refused?.reason;
  }
}
