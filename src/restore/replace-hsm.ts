import { openSinks, openTrail } from '../audit/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { ownDatabase } from '../db/open-engine.ts';
import { openStore, type Store } from '../db/open-store.ts';
import { refuseForeignStore } from '../db/refuse-foreign.ts';
import { createOutageWatch } from '../events/outages.ts';
import { openPermits } from '../hsm/index.ts';
import { generateServiceKey, writeConfig } from '../hsm/service-keys.ts';
import { type LazySigner, lazySigner } from '../hsm/tokens.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { ServiceKey } from '../kernel/registry.ts';
import type { InventoryObject } from '../kernel/signer.ts';
import { formerAuditKeys, type Replacement, readReplacement } from '../keys/hsm-replacements.ts';
import { createLogger } from '../server/logger.ts';
import { forbidCoreDumps } from '../signer/hygiene.ts';
import { AUDIT_LABEL, REGISTRY_LABEL } from '../signer/protocol.ts';
import { type AuditPublicKey, readCheckpoint } from '../token/checkpoint.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';

interface HsmReplacement {
  readonly former: { readonly registryKid: string; readonly auditKid: string };
  readonly registryKid: string;
  readonly auditKid: string;
  /** The last checkpoint that the former audit key may have signed. */
  readonly lastCheckpoint: number;
}

interface ServiceKeyPair {
  readonly registry: ServiceKey;
  readonly audit: ServiceKey;
}

/**
 * `keyward hsm replace`: makes successors of the registry and audit keys on the token that `hsm` names now, and writes
 * them into the configuration beside those before them. The service believes them once two persons have enrolled them.
 * `not_replaced` where the token holds a key of those before; `database_in_use`, `hsm_unavailable`, `invalid_config`.
 */
export async function replaceHsm(configFile: string): Promise<HsmReplacement> {
  forbidCoreDumps();
  const config = loadConfig(configFile);
  refuseForeignStore(config.database, config.ledger.archive_dir, 'hsm replace');
  const owner = await ownDatabase(config.database, config.ledger.archive_dir);
  const store = await openStore({
    database: config.database,
    owner,
    archiveDir: config.ledger.archive_dir,
    queueLimit: config.limits.queued_records,
    clock: systemClock,
    onEvent: () => {},
  });
  const permits = await openPermits(config);
  const signer = lazySigner(config, permits, { newKeys: true });
  try {
    const { former, earlier, pending } = await formerKeys(config, store);
    const objects = await signer.inventory();
    if (pending && holdsBoth(pending, objects)) return resultOf(pending);
    const lastCheckpoint = await lastCheckpointOf(config, store, former.audit, earlier);
    requireLoss(former, objects);
    const successors = await makeSuccessors(signer);
    const replacement = describe(former, successors, lastCheckpoint);
    writeConfig(config.file, [
      { member: ['hsm', 'registry_key'], value: successors.registry.kid },
      { member: ['hsm', 'audit_key'], value: successors.audit.kid },
      { member: ['hsm', 'replacements'], value: [...earlier, replacement] },
    ]);
    return resultOf(replacement);
  } finally {
    await signer.stop();
    await permits.close();
    await store.close();
    await owner.release();
  }
}

interface Succession {
  readonly former: ServiceKeyPair;
  readonly earlier: readonly Replacement[];
  /** Successors that nobody has enrolled yet. */
  readonly pending?: Replacement;
}

function holdsBoth({ successors }: Replacement, objects: readonly InventoryObject[]): boolean {
  const held = new Set(objects.map(({ kid }) => kid));
  return Object.values(successors).every(({ public_key }) => held.has(public_key.kid));
}

function resultOf({ former, successors, last_checkpoint }: Replacement): HsmReplacement {
  return {
    former: { registryKid: former.registry_key.kid, auditKid: former.audit_key.kid },
    registryKid: successors.registry_key.public_key.kid,
    auditKid: successors.audit_key.public_key.kid,
    lastCheckpoint: last_checkpoint,
  };
}

/** The keys that sign the registry, and the replacements before them; one that nobody enrolled is made anew. */
async function formerKeys({ hsm }: Config, { registry }: Store): Promise<Succession> {
  const pending = hsm.replacements.at(-1);
  const rows = [await registry.serviceKey('registry'), await registry.serviceKey('audit')];
  const [registryRow, auditRow] = rows;
  if (!registryRow || !auditRow) {
    throw new KeywardError('invalid_config', 'there are no service keys yet; run `keyward init`');
  }
  const former = { registry: registryRow, audit: auditRow };
  if (pending && isNamed(former, pending.former.registry_key.kid, pending.former.audit_key.kid)) {
    return { former, earlier: hsm.replacements.slice(0, -1), pending };
  }
  if (isNamed(former, hsm.registry_key, hsm.audit_key)) return { former, earlier: hsm.replacements };
  throw new KeywardError(
    'invalid_config',
    'hsm.registry_key or hsm.audit_key names another key than the database; restore the one that belongs to the other',
  );
}

function isNamed({ registry, audit }: ServiceKeyPair, registryKid?: string, auditKid?: string): boolean {
  return thumbprint(registry.publicJwk) === registryKid && thumbprint(audit.publicJwk) === auditKid;
}

/** The newest that the database or a sink holds: what is dated later is by whoever has the token. */
async function lastCheckpointOf(
  config: Config,
  store: Store,
  { kid, publicJwk }: ServiceKey,
  replacements: readonly Replacement[],
): Promise<number> {
  const key: AuditPublicKey = {
    kid,
    publicKey: importPublicKey(publicJwk),
    former: formerAuditKeys({ replacements }),
  };
  const own = await openTrail(store, systemClock).audit.lastCheckpoint();
  const kept = own ? [{ from: 'the database', jws: own.jws }] : [];
  const log = createLogger({ level: 'fatal' });
  const sinks = openSinks(config, systemClock, log, createOutageWatch(systemClock));
  try {
    for (const sink of sinks.all) {
      const checkpoint = (await sink.tail())?.checkpoint;
      if (checkpoint) kept.push({ from: sink.name, jws: checkpoint.jws });
    }
  } catch (cause) {
    throw new KeywardError('audit_sink_unavailable', 'an audit sink cannot be read; mend it first', {
      cause,
    });
  } finally {
    sinks.close();
  }
  const numbers = await Promise.all(kept.map(({ from, jws }) => numberOf(from, jws, key)));
  return Math.max(0, ...numbers);
}

async function numberOf(from: string, jws: string, key: AuditPublicKey): Promise<number> {
  const checkpoint = await readCheckpoint(jws, key);
  if (checkpoint) return checkpoint.number;
  throw new KeywardError('invalid_config', `the last checkpoint in ${from} is not signed by the audit key`);
}

/** A token that shows a key of those before is no replacement for a lost one. */
function requireLoss({ registry, audit }: ServiceKeyPair, objects: readonly InventoryObject[]): void {
  const held = [registry, audit].find(({ kid, hsmId }) =>
    objects.some((object) => object.kid === kid || object.hsmId === hsmId),
  );
  if (!held) return;
  throw new KeywardError(
    'not_replaced',
    `the HSM token that hsm names holds the ${held.role} key, so it is not lost; name the token that replaces it`,
  );
}

async function makeSuccessors(signer: LazySigner): Promise<ServiceKeyPair> {
  return {
    registry: await generateServiceKey(signer, 'registry', REGISTRY_LABEL),
    audit: await generateServiceKey(signer, 'audit', AUDIT_LABEL),
  };
}

function describe(former: ServiceKeyPair, successors: ServiceKeyPair, lastCheckpoint: number): Replacement {
  return readReplacement({
    replaced_at: systemClock.nowSeconds(),
    last_checkpoint: lastCheckpoint,
    former: { registry_key: named(former.registry), audit_key: named(former.audit) },
    successors: { registry_key: made(successors.registry), audit_key: made(successors.audit) },
  });
}

function named({ kid, publicJwk }: ServiceKey): PublicJwk & { readonly kid: string } {
  return { kid, ...publicJwk };
}

function made(key: ServiceKey) {
  return { hsm_id: key.hsmId, public_key: named(key) };
}
