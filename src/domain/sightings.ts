import type { Presenter } from './presenter.ts';

/** A token that a relying service accepted. Times are seconds since the epoch. */
export interface Sighting {
  /** SHA-256 of the signing input: 32 bytes. */
  readonly digest: Buffer;
  /** When it was accepted; undefined means just now. */
  readonly seenAt: number | undefined;
  /** The token's `iat`: the record is found at once. Without it, it is looked for from `seenAt` back. */
  readonly iat: number | undefined;
}

/** What relying services say they accepted. */
export interface Sightings {
  /**
   * The digests that are not recorded for the scope. Unknown is no verdict: a digest proves nothing, and times may
   * be wrong, so the relying service then has the token itself verified. Saying it twice changes nothing.
   * `ledger_unavailable`, `overloaded`.
   */
  unknown(scopeId: string, sightings: readonly Sighting[], by?: Presenter): Promise<readonly Buffer[]>;
}
