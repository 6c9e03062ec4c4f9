import type { RegistrySeal } from '../../src/kernel/registry.ts';
import { createRegistrySeal } from '../../src/keys/registry-key.ts';
import { type SoftwareKey, softwareKey } from './software-keys.ts';

/** The registry key of the running test file, in memory. */
export const REGISTRY_SOFTWARE_KEY: SoftwareKey = softwareKey('ES256');

export const SOFTWARE_SEAL: RegistrySeal = softwareSeal(REGISTRY_SOFTWARE_KEY);

export function softwareSeal(key: SoftwareKey): RegistrySeal {
  const registryKey = {
    ...key,
    sign: async (signingInput: string) => `${signingInput}.${key.sign(signingInput).toString('base64url')}`,
  };
  return createRegistrySeal(registryKey, { sealed: async (shown) => shown });
}
