/**
 * The token of the configuration's `hsm`, which holds the registry key and the audit key. Further ones have the
 * names that `hsm_tokens` gives them.
 */
export const FIRST_TOKEN = 'primary';

/** What the keys of a lost first token are placed on, once it is replaced: 1 for the first that was. */
export function formerToken(number: number): string {
  return `former-${number}`;
}

export function isFormerToken(hsmToken: string): boolean {
  return /^former-\d+$/.test(hsmToken);
}

/** Where a key is, or shall be made. */
export interface Placed {
  /** Name of an HSM token in the configuration. */
  readonly hsmToken: string;
}
