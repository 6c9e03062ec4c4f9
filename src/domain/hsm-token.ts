/**
 * The token of the configuration's `hsm`, which holds the registry key and the audit key. Further ones have the
 * names that `hsm_tokens` gives them.
 */
export const FIRST_TOKEN = 'primary';

/** Where a key is, or shall be made. */
export interface Placed {
  /** Name of an HSM token in the configuration. */
  readonly hsmToken: string;
}
