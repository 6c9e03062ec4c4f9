import { openClockWatch } from '../audit/clock.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import { openBindingKeys } from '../hsm/signers.ts';
import { openRegistryKey } from '../keys/registry-key.ts';
import { acceptRestore, adminDatabaseRoutes } from './accept-loss.ts';
import { checkRollback } from './check-rollback.ts';
import { checkReplacedToken, type ReplacedTokenDeps } from './replaced-token.ts';
import { unprovenTimes } from './unproven-ends.ts';

export { createLeftBehindRepeater } from './repeat-left-behind.ts';
export { replayRestrictions } from './replay-restrictions.ts';
export { createRecordGaps, gapsIn } from './store.ts';

export const RESTORE_ROUTES = { operations: adminDatabaseRoutes } as const;

/**
 * The service's own keys and the clock, once the database was held against all that has seen it. It waits for two
 * persons where they have to accept a restore or new service keys.
 */
export async function checkDatabase(deps: ReplacedTokenDeps) {
  return {
    /** Undefined where the service is to end meanwhile. */
    trusted: await passChecks(deps),
    // Nothing waits any more: it refuses.
    acts: [acceptRestore({ held: undefined })],
    routes: RESTORE_ROUTES,
  };
}

async function passChecks(deps: ReplacedTokenDeps) {
  const { config, sinks, store, audit, signer, log } = deps;
  const { registry } = store;
  const succession = await checkReplacedToken(deps);
  if (succession === 'stopped') return undefined;
  const registryKey = openRegistryKey(await registry.serviceKey('registry'), config.hsm.registry_key, signer);
  const auditKey = openAuditKey(config, await registry.serviceKey('audit'), signer);
  const clockWatch = await openClockWatch({ config, sinks, audit, auditKey, log });
  if ((await checkRollback({ ...deps, clockWatch, registryKey })) === 'stopped') return undefined;
  return {
    registryKey,
    auditKey,
    clockWatch,
    settledTime: clockWatch,
    timeGuard: clockWatch,
    unproven: await unprovenTimes(deps),
    bindingKeys: await openBindingKeys(config, registry, registryKey, signer),
    /** Service keys were enrolled just now. */
    isSucceeded: succession === 'accepted',
  };
}
