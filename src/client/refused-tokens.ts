import type { RefusalReason } from '../kernel/verification.ts';

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
