import { createAccess } from './access/create-access.ts';
import { loadConfig } from './config.ts';
import type { Actor } from './domain/access.ts';
import { ROLES } from './domain/client.ts';
import { systemClock } from './domain/clock.ts';
import { ensureServiceKeys } from './service-keys.ts';
import { forbidCoreDumps } from './signer/hygiene.ts';
import { openStore } from './store/open-store.ts';

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
  const store = await openStore({
    file: config.database.file,
    queueLimit: config.limits.queued_records,
    clock: systemClock,
    onEvent: () => {},
  });
  try {
    const made = await ensureServiceKeys(config, store);
    const { operators } = await createAccess(store.access, systemClock, () => false);
    const named = loadConfig(options.configFile).hsm;
    const kids = { registryKid: named.registry_key ?? '', auditKid: named.audit_key ?? '' };
    if (made.length > 0 && operators.list().length > 0) return { operatorCredential: null, ...kids };
    const { credential } = await operators.create({ id: options.operatorId, roles: ROLES }, KEYWARD);
    return { operatorCredential: credential, ...kids };
  } finally {
    await store.close();
  }
}
