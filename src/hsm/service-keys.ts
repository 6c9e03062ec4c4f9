import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { Config } from '../config.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Registry, ServiceKey } from '../kernel/registry.ts';
import type { Signer, TokenSigner } from '../kernel/signer.ts';
import { formerAuditKeys } from '../keys/hsm-replacements.ts';
import { type OpenedKey, openServiceKey } from '../keys/registry-key.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import {
  type CommandPermits,
  type LazySigner,
  lazySigner,
  type ServiceKeyPlace,
  serviceKeysOf,
  tokensOf,
} from './tokens.ts';

interface ConfigChange {
  /** From the top of the file, such as `['hsm', 'registry_key']`. */
  readonly member: readonly string[];
  /** What YAML can write. */
  readonly value: unknown;
}

/** Comments and order of the file stay as they are; a crash leaves the old file or the new one. */
export function writeConfig(file: string, changes: readonly ConfigChange[]): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const { member, value } of changes) document.setIn(member, value);
  const draft = `${file}.new`;
  writeFileSync(draft, document.toString(), { mode: 0o600 });
  renameSync(draft, file);
}

export interface ServiceKeys {
  readonly registry: ServiceKey;
  readonly audit: ServiceKey;
  /** Those that were missing: in the HSM now, and nowhere else yet. */
  readonly made: readonly ServiceKey[];
  /** The thumbprints of all of them, as the configuration shall name them. */
  readonly named: readonly ConfigChange[];
}

/**
 * The service's own keys; those that are not there yet are made, with one login a token. `hsm_unavailable`;
 * `invalid_config` where the configuration names another key than the database.
 */
export async function ensureServiceKeys(
  config: Config,
  registry: Pick<Registry, 'serviceKey'>,
  permits: Pick<CommandPermits, 'of'>,
): Promise<ServiceKeys> {
  const places = serviceKeysOf(config);
  const known = new Map<string, ServiceKey>();
  for (const place of places) {
    const key = await knownKey(registry, place);
    if (key) known.set(key.role, key);
  }
  const signers = new Map(
    tokensOf(config).map((token) => [token.name, lazySigner(config, permits, { token })]),
  );
  try {
    const keys: ServiceKey[] = [];
    for (const place of places) keys.push(known.get(place.role) ?? (await make(signers, place)));
    return {
      registry: named(keys, 'registry'),
      audit: named(keys, 'audit'),
      made: keys.filter(({ role }) => !known.has(role)),
      named: places.map(({ role, member }) => ({ member, value: named(keys, role).kid })),
    };
  } finally {
    for (const signer of signers.values()) await signer.stop();
  }
}

async function knownKey(
  registry: Pick<Registry, 'serviceKey'>,
  { role, member, thumbprint }: ServiceKeyPlace,
): Promise<ServiceKey | undefined> {
  const known = await registry.serviceKey(role);
  if (thumbprint === undefined || thumbprint === known?.kid) return known;
  throw new KeywardError(
    'invalid_config',
    `${member.join('.')} names another key than the database; restore the one that belongs to the other`,
  );
}

async function make(
  signers: ReadonlyMap<string, LazySigner>,
  { role, hsmToken, label }: ServiceKeyPlace,
): Promise<ServiceKey> {
  const signer = signers.get(hsmToken);
  if (!signer) throw new KeywardError('internal', 'The key is for a token that is not configured.');
  return generateServiceKey(signer, role, label);
}

export async function generateServiceKey(
  signer: Pick<TokenSigner, 'generate'>,
  role: ServiceKey['role'],
  label: string,
): Promise<ServiceKey> {
  const hsmId = randomBytes(16).toString('hex');
  const { kid, publicJwk } = await signer.generate({ hsmId, label, algorithm: 'ES256', modulusBits: null });
  return { role, kid, hsmId, publicJwk, createdAt: systemClock.nowSeconds() };
}

function named(keys: readonly ServiceKey[], role: ServiceKey['role']): ServiceKey {
  const key = keys.find((candidate) => candidate.role === role);
  if (key) return key;
  throw new KeywardError('internal', `There is no ${role} key.`);
}

/** The audit key of the configuration, with those before it: see `openServiceKey`. */
export function openAuditKey(
  { hsm }: Config,
  row: ServiceKey | undefined,
  signer: Pick<Signer, 'sign'>,
): OpenedKey & AuditPublicKey {
  return { ...openServiceKey('audit', row, hsm.audit_key, signer), former: formerAuditKeys(hsm) };
}
