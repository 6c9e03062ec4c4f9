import { createAccess } from './access/create-access.ts';
import { type Config, loadConfig } from './config.ts';
import type { Actor } from './domain/access.ts';
import { ROLES } from './domain/client.ts';
import { systemClock } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import { openRegistryKey } from './keys/registry-key.ts';
import { createRegistrySeal } from './keys/registry-seal.ts';
import { lazySigner } from './lazy-signer.ts';
import { ensureServiceKeys, fingerprints, type ServiceKeys } from './service-keys.ts';
import { forbidCoreDumps } from './signer/hygiene.ts';
import { ownDatabase } from './store/database-owner.ts';
import { openStore, type Store } from './store/open-store.ts';
import { writeHsmMembers } from './write-config.ts';

const KEYWARD: Actor = { operatorId: 'keyward', requestId: null };

export interface Initialised {
  /** Null where an operator was enrolled before and a key was all that was missing. */
  readonly operatorCredential: string | null;
  readonly registryKid: string;
  readonly auditKid: string;
}

/**
 * `keyward init`: registry key and audit key are born in the HSM, their thumbprints written into the
 * configuration, and the first operator enrolled with every role. Cut short, it can be run again; a service of an
 * older version gets the keys it lacks. Where nothing is missing it is refused with `operator_exists`.
 */
export async function initialise(options: {
  readonly configFile: string;
  readonly operatorId: string;
}): Promise<Initialised> {
  forbidCoreDumps();
  const config = loadConfig(options.configFile);
  const owner = ownDatabase(config.database.file);
  const store = await openStore({
    file: config.database.file,
    queueLimit: config.limits.queued_records,
    clock: systemClock,
    onEvent: () => {},
  });
  try {
    const keys = await ensureServiceKeys(config, store.registry);
    const operatorCredential = await withRegistry(config, store, keys, () => enrol(store, keys, options));
    return { operatorCredential, registryKid: keys.registry.kid, auditKid: keys.audit.kid };
  } finally {
    await store.close();
    owner.release();
  }
}

/** A second login: the signer serves the registry key only once it has been told which one it is. */
async function withRegistry<T>(
  config: Config,
  store: Store,
  keys: ServiceKeys,
  work: () => Promise<T>,
): Promise<T> {
  const named = fingerprints(keys);
  const signer = lazySigner({ ...config, hsm: { ...config.hsm, ...named } });
  try {
    const registryKey = openRegistryKey(keys.registry, keys.registry.kid, signer);
    const seal = createRegistrySeal(registryKey);
    await store.openRegistry({ seal, mayTakeOver: !config.hsm.registry_signed });
    for (const key of keys.made) await store.registry.addServiceKey(key, KEYWARD);
    writeHsmMembers(config.file, { ...named, registry_signed: true });
    return await work();
  } finally {
    await signer.stop();
  }
}

async function enrol(
  store: Store,
  { made }: ServiceKeys,
  { operatorId }: { readonly operatorId: string },
): Promise<string | null> {
  const { operators } = await createAccess(store.access, systemClock, () => false);
  if (operators.list().length > 0) {
    if (made.length > 0) return null;
    throw new KeywardError('operator_exists', 'An operator is enrolled already; the service is set up.');
  }
  const { credential } = await operators.create({ id: operatorId, roles: ROLES }, KEYWARD);
  return credential;
}
