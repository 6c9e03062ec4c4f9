import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { createAccess } from './access/create-access.ts';
import { type Config, loadConfig } from './config.ts';
import type { Actor } from './domain/access.ts';
import { ROLES } from './domain/client.ts';
import { systemClock } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import type { ServiceKey } from './domain/registry.ts';
import { forbidCoreDumps } from './signer/hygiene.ts';
import { REGISTRY_LABEL } from './signer/protocol.ts';
import { createSignerLink } from './signer/signer-link.ts';
import { signerOptions } from './signer-options.ts';
import { openStore, type Store } from './store/open-store.ts';

const KEYWARD: Actor = { operatorId: 'keyward', requestId: null };

/**
 * `keyward init`: the registry key is born in the HSM, its thumbprint written into the configuration, and the
 * first operator enrolled with every role. Cut short, it can be run again; once an operator is enrolled it is
 * refused with `operator_exists`.
 */
export async function initialise(options: {
  readonly configFile: string;
  readonly operatorId: string;
}): Promise<{ operatorCredential: string; registryKid: string }> {
  forbidCoreDumps();
  const config = loadConfig(options.configFile);
  const store = await openStore({
    file: config.database.file,
    queueLimit: config.limits.queued_records,
    clock: systemClock,
    onEvent: () => {},
  });
  try {
    const registryKid = await ensureRegistryKey(config, store);
    const { operators } = await createAccess(store.access, systemClock, () => false);
    const { credential } = await operators.create({ id: options.operatorId, roles: ROLES }, KEYWARD);
    return { operatorCredential: credential, registryKid };
  } finally {
    await store.close();
  }
}

async function ensureRegistryKey(config: Config, store: Store): Promise<string> {
  const known = await store.registry.serviceKey('registry');
  const named = config.hsm.registry_key;
  if (named !== undefined && named !== known?.kid) {
    throw new KeywardError(
      'invalid_config',
      'hsm.registry_key names another key than the database; restore the one that belongs to the other',
    );
  }
  const key = known ?? (await generateRegistryKey(config, store));
  if (named === undefined) writeFingerprint(config.file, key.kid);
  return key.kid;
}

async function generateRegistryKey(config: Config, store: Store): Promise<ServiceKey> {
  let why = 'the HSM did not answer';
  const link = createSignerLink(
    signerOptions(config, (event) => {
      if (event.type === 'away' || event.type === 'latched') why = event.why;
    }),
  );
  try {
    await link.start();
    if (link.state() !== 'ready')
      throw new KeywardError('hsm_unavailable', `the HSM cannot be opened: ${why}`);
    const hsmId = randomBytes(16).toString('hex');
    const { kid, publicJwk } = await link.generate({
      hsmId,
      label: REGISTRY_LABEL,
      algorithm: 'ES256',
      modulusBits: null,
    });
    const key: ServiceKey = { role: 'registry', kid, hsmId, publicJwk, createdAt: systemClock.nowSeconds() };
    await store.registry.addServiceKey(key, KEYWARD);
    return key;
  } finally {
    await link.stop();
  }
}

/** Comments and order of the file stay as they are; a crash leaves the old file or the new one. */
function writeFingerprint(file: string, kid: string): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  document.setIn(['hsm', 'registry_key'], kid);
  const draft = `${file}.new`;
  writeFileSync(draft, document.toString(), { mode: 0o600 });
  renameSync(draft, file);
}
