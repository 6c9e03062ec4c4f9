import type { RequestOrigin } from './request-origin.ts';

/** A token that a relying service accepted. */
export interface Sighting {
  /** SHA-256 of the signing input: 32 bytes. */
  readonly digest: Buffer;
  /** The token's `iat`, in whole seconds since the epoch: where its record would be. */
  readonly iat: number;
}

/** What relying services say they accepted. */
export interface Sightings {
  /**
   * The digests that are not recorded for the scope. Unknown is no verdict: a digest proves nothing, so the relying
   * service then has the token itself verified. Saying it twice changes nothing.
   * `ledger_unavailable`, `overloaded`, `rate_limited`.
   */
  unknown(scopeId: string, sightings: readonly Sighting[], by?: RequestOrigin): Promise<readonly Buffer[]>;
}
