import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { RefusedRow } from './domain/registry-seal.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import type { RegistryKey } from './keys/registry-key.ts';
import { createRegistrySeal } from './keys/registry-seal.ts';
import type { Store } from './store/open-store.ts';

/** Verifies the registry at the start, and tells of every row that is not used. */
export async function openRegistry(
  store: Pick<Store, 'openRegistry'>,
  { hsm }: Config,
  registryKey: RegistryKey,
  log: Logger,
  securityEvents: SecurityEvents,
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
    log.fatal(row, 'registry row refused and not used');
    await tell(row, securityEvents, log);
  }
}

/** A database that takes no event keeps nobody from what the registry still vouches for. */
async function tell(row: RefusedRow, securityEvents: SecurityEvents, log: Logger): Promise<void> {
  const { table, id, why } = row;
  try {
    await securityEvents.raise(securityEvent('registry.signature_invalid', { table, row: id, why }));
  } catch (err) {
    log.error({ err, table, id }, 'registry.signature_invalid could not be written');
  }
}
