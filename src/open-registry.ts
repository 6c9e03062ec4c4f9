import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { RegistryKey } from './keys/registry-key.ts';
import { createRegistrySeal } from './keys/registry-seal.ts';
import type { Store } from './store/open-store.ts';

/** Verifies the registry at the start, and tells of every row that is not used. */
export async function openRegistry(
  store: Pick<Store, 'openRegistry'>,
  { hsm }: Config,
  registryKey: RegistryKey,
  log: Logger,
): Promise<void> {
  const seal = createRegistrySeal(registryKey);
  const { takenOver, refused } = await store.openRegistry({ seal, mayTakeOver: !hsm.registry_signed });
  if (takenOver > 0) {
    log.warn(
      { rows: takenOver },
      'registry of an older version signed for the first time; put hsm.registry_signed: true into the configuration',
    );
  }
  for (const row of refused) {
    log.fatal({ event: 'registry.signature_invalid', ...row }, 'registry row refused and not used');
  }
}
