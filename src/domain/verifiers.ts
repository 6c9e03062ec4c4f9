/** One process of a relying service that verifies tokens of a scope by itself. */
export interface Verifier {
  readonly scopeId: string;
  readonly clientId: string;
  /** Tells the processes of one client apart, in its own words. */
  readonly instance: string;
}

export interface VerifierStanding extends Verifier {
  /** Seconds since the epoch; null where it does not follow the events now. */
  readonly connectedSince: number | null;
  /** The newest key-set version that it said it holds; null where it has not said. */
  readonly version: number | null;
  readonly versionSince: number | null;
  readonly lastSeen: number;
  /**
   * Since when it follows the events without holding the version that is published, in seconds; null where it holds
   * it, or does not follow.
   */
  readonly lagsForSeconds: number | null;
}

/** How one verifier followed a change of the key set. */
export interface Obedience extends Verifier {
  readonly connected: boolean;
  /** From the change until it said that it holds that version or a later one; null where it has not. */
  readonly tookMs: number | null;
}

/** Which verifier holds which key set, in memory and bounded: it begins anew with each start. */
export interface VerifierDirectory {
  /** The verifier follows the events from now on, until the answer is called. */
  connected(verifier: Verifier): () => void;
  /** The verifier holds that version of the key set. */
  holds(verifier: Verifier, version: number): void;
  /** Of one scope or of all; connected ones first. */
  list(scopeId?: string): readonly VerifierStanding[];
  /** Every verifier that was connected at the change to that version, or came or answered since. */
  obedience(scopeId: string, version: number): readonly Obedience[];
}
