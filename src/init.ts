import { createAccess } from './access/create-access.ts';
import { canDecideTogether } from './access/proposal.ts';
import { createAccessStore } from './access/store/access.ts';
import { certifyRun } from './audit/repair-runs.ts';
import { recordUnwitnessed, walkTrail } from './audit/start-trail.ts';
import { openTrail } from './audit/store/trail.ts';
import { type Config, loadConfig } from './config.ts';
import { ownDatabase } from './db/open-engine.ts';
import { openStore, type Store } from './db/open-store.ts';
import { refuseForeignStore } from './db/refuse-foreign.ts';
import { openPermits } from './hsm/index.ts';
import { ensureServiceKeys, type ServiceKeys, writeConfig } from './hsm/service-keys.ts';
import { isForked, type LazySigner, lazySigner, tokensOf } from './hsm/tokens.ts';
import { KEYWARD, type Operator, ROLES } from './kernel/actor.ts';
import { systemClock } from './kernel/clock.ts';
import { KeywardError } from './kernel/errors.ts';
import { formerAuditKeys } from './keys/hsm-replacements.ts';
import { createRegistrySeal, openRegistryKey, openServiceKey } from './keys/registry-key.ts';
import { forbidCoreDumps } from './signer/hygiene.ts';

export interface Initialised {
  /** Whom it enrolled; nobody where operators were there and a key was all that was missing. */
  readonly enrolled: readonly { readonly id: string; readonly credential: string }[];
  readonly registryKid: string;
  readonly auditKid: string;
  /** A signer runs by itself: its file shall name the keys, too. */
  readonly hasOwnSigner: boolean;
}

/**
 * `keyward init`: registry key and audit key are born in the HSM, and a binding key in each further token; their
 * thumbprints are written into the configuration, and the operators enrolled with every role. Cut short, it can be
 * run again; a token that was added gets its binding key, and a service that takes two persons and has fewer left
 * than that gets others. Where nothing is missing it is refused with `operator_exists`.
 */
export async function initialise(options: {
  readonly configFile: string;
  readonly operatorIds: readonly string[];
}): Promise<Initialised> {
  forbidCoreDumps();
  const config = loadConfig(options.configFile);
  refuseForeignStore(config.database, config.ledger.archive_dir, 'init …');
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
  try {
    const keys = await ensureServiceKeys(config, store.registry, permits);
    const signer = lazySigner(config, permits);
    const enrolled = await withRegistry({ config, store, keys, signer }, () =>
      enrol(config, store, keys, options),
    );
    const hasOwnSigner = !tokensOf(config).every(isForked);
    return { enrolled, registryKid: keys.registry.kid, auditKid: keys.audit.kid, hasOwnSigner };
  } finally {
    await permits.close();
    await store.close();
    await owner.release();
  }
}

/** A second login: the signer serves the registry key that it remembers from the first one. */
async function withRegistry<T>(
  { config, store, keys, signer }: { config: Config; store: Store; keys: ServiceKeys; signer: LazySigner },
  work: () => Promise<T>,
): Promise<T> {
  try {
    const registryKey = openRegistryKey(keys.registry, keys.registry.kid, signer);
    const seal = createRegistrySeal(registryKey, signer);
    const auditKey = {
      ...openServiceKey('audit', keys.audit, keys.audit.kid, signer),
      former: formerAuditKeys(config.hsm),
    };
    // What is appended here would stand for all events before it.
    const trail = openTrail(store, systemClock);
    await recordUnwitnessed(trail, await walkTrail({ ...trail, store }, [], auditKey));
    await store.openRegistry({ seal });
    for (const key of keys.made) await store.registry.addServiceKey(key, KEYWARD);
    writeConfig(config.file, keys.named);
    await certifyRun({ runs: trail.runs, auditKey, clock: systemClock });
    return await work();
  } finally {
    await signer.stop();
  }
}

async function enrol(
  config: Config,
  store: Store,
  { made }: ServiceKeys,
  { operatorIds }: { readonly operatorIds: readonly string[] },
): Promise<Initialised['enrolled']> {
  const { operators } = createAccess(createAccessStore(store.changes), systemClock, () => false);
  const known = operators.list();
  if (known.length > 0 && (!config.two_persons || canDecideTogether(known))) {
    if (made.length > 0) return [];
    throw new KeywardError('operator_exists', 'Operators are enrolled already; the service is set up.');
  }
  refuseTooFew(config, known, operatorIds);
  const enrolled = [];
  for (const id of operatorIds) {
    const { credential } = await operators.create({ id, roles: ROLES }, KEYWARD);
    enrolled.push({ id, credential });
  }
  return enrolled;
}

function refuseTooFew({ two_persons }: Config, known: readonly Operator[], ids: readonly string[]): void {
  const wouldBe = ids.map((id) => ({ id, roles: ROLES, createdAt: 0, revokedAt: null }));
  if (!two_persons || canDecideTogether([...known, ...wouldBe])) return;
  throw new KeywardError(
    'invalid_operator',
    'This service takes two persons: enrol two, each into a file (--operator alice=FILE --operator bob=FILE), ' +
      'or set two_persons: false for development alone.',
  );
}
