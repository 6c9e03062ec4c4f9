import type { SigningKey } from '../kernel/key.ts';
import type { KeyUse } from './key-use.ts';
import type { Obedience } from './verifiers.ts';

/** What a compromise hits, as far as it is known by now. */
export interface CompromiseReport {
  readonly key: SigningKey;
  /** Null while it is being counted, or where it could not be. */
  readonly use: KeyUse | null;
  /** Keys whose private halves lie on the same HSM token: whoever holds its PIN holds them all. */
  readonly neighbours: readonly SigningKey[];
  /** The version of the key set in which the key is no longer, and who holds it by now. */
  readonly keySetVersion: number;
  readonly verifiers: readonly Obedience[];
}

export interface CompromiseReports {
  /**
   * Waits no longer than that for what has to be counted. `unknown_key`, and `transition_forbidden` for a key that
   * is not compromised.
   */
  report(kid: string, withinMs: number): Promise<CompromiseReport>;
}
