import type { Actor } from './access.ts';
import type { SigningKey } from './key.ts';

export interface Suspension {
  readonly suspended: SigningKey;
  /** The standby that signs from now on; undefined where the key did not sign, or there is no standby. */
  readonly promoted: SigningKey | undefined;
}

/** Takes a key out of use for an investigation: it neither signs nor verifies from the moment this settles. */
export interface KeySuspender {
  /** Undefined where the key is in no state to be suspended. `store_unavailable`, `overloaded`. */
  suspend(kid: string, why: string, actor: Actor): Promise<Suspension | undefined>;
}
