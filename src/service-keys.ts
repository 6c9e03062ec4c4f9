import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { Config } from './config.ts';
import type { Actor } from './domain/access.ts';
import { systemClock } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import type { ServiceKey } from './domain/registry.ts';
import { AUDIT_LABEL, REGISTRY_LABEL } from './signer/protocol.ts';
import { createSignerLink, type SignerLink } from './signer/signer-link.ts';
import { signerOptions } from './signer-options.ts';
import type { Store } from './store/open-store.ts';

const KEYWARD: Actor = { operatorId: 'keyward', requestId: null };

/** Where each of the service's own keys is named: by its label in the HSM, and in the configuration. */
const ROLES = {
  registry: { label: REGISTRY_LABEL, member: 'registry_key' },
  audit: { label: AUDIT_LABEL, member: 'audit_key' },
} as const satisfies Record<ServiceKey['role'], { label: string; member: string }>;

type Role = ServiceKey['role'];

/**
 * Makes the service's own keys that are not there yet, with one login, and writes their thumbprints into the
 * configuration. Cut short, it can be run again. Answers which it made. `hsm_unavailable`; `invalid_config` where
 * the configuration names another key than the database.
 */
export async function ensureServiceKeys(config: Config, store: Store): Promise<readonly ServiceKey[]> {
  const missing: Role[] = [];
  for (const role of Object.keys(ROLES) as Role[]) {
    const known = await store.registry.serviceKey(role);
    const named = config.hsm[ROLES[role].member];
    if (named !== undefined && named !== known?.kid) {
      throw new KeywardError(
        'invalid_config',
        `hsm.${ROLES[role].member} names another key than the database; restore the one that belongs to the other`,
      );
    }
    if (!known) missing.push(role);
    else if (named === undefined) writeFingerprint(config.file, known);
  }
  const made = missing.length > 0 ? await generate(config, missing) : [];
  for (const key of made) {
    await store.registry.addServiceKey(key, KEYWARD);
    writeFingerprint(config.file, key);
  }
  return made;
}

async function generate(config: Config, roles: readonly Role[]): Promise<readonly ServiceKey[]> {
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
    const made: ServiceKey[] = [];
    for (const role of roles) made.push(await generateOne(link, role));
    return made;
  } finally {
    await link.stop();
  }
}

async function generateOne(link: Pick<SignerLink, 'generate'>, role: Role): Promise<ServiceKey> {
  const hsmId = randomBytes(16).toString('hex');
  const { label } = ROLES[role];
  const { kid, publicJwk } = await link.generate({ hsmId, label, algorithm: 'ES256', modulusBits: null });
  return { role, kid, hsmId, publicJwk, createdAt: systemClock.nowSeconds() };
}

/** Comments and order of the file stay as they are; a crash leaves the old file or the new one. */
function writeFingerprint(file: string, { role, kid }: ServiceKey): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  document.setIn(['hsm', ROLES[role].member], kid);
  const draft = `${file}.new`;
  writeFileSync(draft, document.toString(), { mode: 0o600 });
  renameSync(draft, file);
}
