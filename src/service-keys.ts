import { randomBytes } from 'node:crypto';
import type { Config } from './config.ts';
import { systemClock } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import type { Registry, ServiceKey } from './domain/registry.ts';
import type { Signer } from './domain/signer.ts';
import { lazySigner } from './lazy-signer.ts';
import { AUDIT_LABEL, REGISTRY_LABEL } from './signer/protocol.ts';

type Role = ServiceKey['role'];

export interface ServiceKeys extends Readonly<Record<Role, ServiceKey>> {
  /** Those that were missing: in the HSM now, and nowhere else yet. */
  readonly made: readonly ServiceKey[];
}

/** Where each of the service's own keys is named: by its label in the HSM, and in the configuration. */
const ROLES = {
  registry: { label: REGISTRY_LABEL, member: 'registry_key' },
  audit: { label: AUDIT_LABEL, member: 'audit_key' },
} as const satisfies Record<Role, { label: string; member: string }>;

/**
 * The service's own keys; those that are not there yet are made, with one login. `hsm_unavailable`;
 * `invalid_config` where the configuration names another key than the database.
 */
export async function ensureServiceKeys(
  config: Config,
  registry: Pick<Registry, 'serviceKey'>,
): Promise<ServiceKeys> {
  const known = {
    registry: await knownKey(config, registry, 'registry'),
    audit: await knownKey(config, registry, 'audit'),
  };
  const signer = lazySigner(config);
  try {
    const keys = {
      registry: known.registry ?? (await generate(signer, 'registry')),
      audit: known.audit ?? (await generate(signer, 'audit')),
    };
    return { ...keys, made: Object.values(keys).filter(({ role }) => !known[role]) };
  } finally {
    await signer.stop();
  }
}

/** The configuration's members that name the keys. */
export function fingerprints({ registry, audit }: ServiceKeys) {
  return { [ROLES.registry.member]: registry.kid, [ROLES.audit.member]: audit.kid } as const;
}

async function knownKey(
  { hsm }: Config,
  registry: Pick<Registry, 'serviceKey'>,
  role: Role,
): Promise<ServiceKey | undefined> {
  const known = await registry.serviceKey(role);
  const named = hsm[ROLES[role].member];
  if (named === undefined || named === known?.kid) return known;
  throw new KeywardError(
    'invalid_config',
    `hsm.${ROLES[role].member} names another key than the database; restore the one that belongs to the other`,
  );
}

async function generate(signer: Pick<Signer, 'generate'>, role: Role): Promise<ServiceKey> {
  const hsmId = randomBytes(16).toString('hex');
  const { label } = ROLES[role];
  const { kid, publicJwk } = await signer.generate({ hsmId, label, algorithm: 'ES256', modulusBits: null });
  return { role, kid, hsmId, publicJwk, createdAt: systemClock.nowSeconds() };
}
