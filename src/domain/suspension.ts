import type { Actor } from '../kernel/actor.ts';

/** Takes a key out of use for an investigation: it neither signs nor verifies from the moment this settles. */
export interface KeySuspender {
  /** Nothing where the key is in no state to be suspended. `store_unavailable`, `overloaded`. */
  suspend(kid: string, why: string, actor: Actor): Promise<void>;
}
