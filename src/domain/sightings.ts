/** What relying services say they accepted. */
export interface Sightings {
  /**
   * The digests, 32 bytes each, that are not recorded for the scope. Unknown is no verdict: a digest proves
   * nothing, so the relying service then has the token itself verified. Saying it twice changes nothing.
   * `ledger_unavailable`, `overloaded`.
   */
  unknown(scopeId: string, digests: readonly Buffer[]): Promise<readonly Buffer[]>;
}
