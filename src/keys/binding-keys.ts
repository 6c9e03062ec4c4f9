import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN } from '../domain/hsm-token.ts';
import type { RegistryKey } from './registry-key.ts';

/** Whose word the binding records are: on each token a key that its own signer can ask what the HSM says (I8). */
export interface BindingKeys {
  /** `unknown_hsm_token` for one that the configuration does not name. */
  of(hsmToken: string): RegistryKey;
}

/** On the first token that is the registry key; `others`: of further tokens and of those that were lost. */
export function createBindingKeys(
  registryKey: RegistryKey,
  others: ReadonlyMap<string, RegistryKey> = new Map(),
): BindingKeys {
  return {
    of(hsmToken) {
      const key = hsmToken === FIRST_TOKEN ? registryKey : others.get(hsmToken);
      if (key) return key;
      throw new KeywardError('unknown_hsm_token', `the configuration names no HSM token ${hsmToken}`);
    },
  };
}
