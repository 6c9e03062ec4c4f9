import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import { KEYWARD } from '../kernel/actor.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import type { RefusedKey } from '../kernel/key.ts';
import type { VerifierDirectory } from '../kernel/publication.ts';
import { lastRenewal } from '../kernel/record-gap.ts';
import { type Leadership, whileLeading } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import { KeyedMutex } from '../lib/mutex.ts';
import { supplied } from '../server/route.ts';
import { createCanaryKeys } from './canary-keys.ts';
import { createCeremonies, createKeyProver } from './ceremonies.ts';
import { createRotationPauses, createScopeChanger } from './change-scope.ts';
import { createCompromiseReports } from './compromise-extent.ts';
import { keyGauges } from './gauges.ts';
import { createStandbyKeeper, type StandbyDeps } from './keep-standby.ts';
import { type KeyLifecycleDeps, openKeyLifecycle } from './key-lifecycle.ts';
import { loadRing, type RingLoadingDeps } from './load-ring.ts';
import { openRegistry, signPending } from './open-registry.ts';
import { createPolicyPreview } from './preview-policy.ts';
import { createProvisioner } from './provision-scope.ts';
import type { OpenedKey } from './registry-key.ts';
import { adminCeremonyRoutes } from './routes/ceremony.ts';
import { keyActs } from './routes/key-acts.ts';
import { adminCompromiseRoutes, adminKeyActRoutes, adminKeyRoutes } from './routes/keys.ts';
import { adminKeyProofRoutes } from './routes/proof.ts';
import { scopeActs } from './routes/scope-acts.ts';
import { adminRotationRoutes, adminScopeRoutes } from './routes/scopes.ts';
import { adminServiceKeyRoutes, enrolServiceKeys } from './routes/service-keys.ts';

export type { IssuanceLock, KeyActName, KeyAdministration } from './key-administration.ts';
export { createKeyRing } from './key-ring.ts';
export { lostWithToken } from './lifecycle/token-compromise.ts';
export { withRollback } from './with-rollback.ts';

export const KEY_ROUTES = {
  operations: [
    ...adminScopeRoutes,
    ...adminCeremonyRoutes,
    ...adminRotationRoutes,
    ...adminKeyRoutes,
    ...adminKeyActRoutes,
    ...adminCompromiseRoutes,
    ...adminKeyProofRoutes,
    ...adminServiceKeyRoutes,
  ],
} as const;

const ROLL_BACK_MS = 60_000;

interface KeyDeps
  extends Omit<KeyLifecycleDeps, 'making' | 'standbys' | 'leadership'>,
    Omit<StandbyDeps, 'registry' | 'turns' | 'leadership'> {
  readonly leadership: Leadership;
  readonly signer: Signer;
  readonly store: Pick<Store, 'registry' | 'ledger'>;
  readonly audit: AuditLog;
  readonly auditKey: OpenedKey;
  readonly verifiers: VerifierDirectory;
}

/** Scopes and their keys, from their making to their end. */
export async function openKeys(deps: KeyDeps) {
  const { config, store, audit, signer, bindingKeys, keyRing, auditKey, verifiers, leadership, clock, log } =
    deps;
  const { registry, ledger } = store;
  const making = { registry, signer, bindingKeys, clock, keyRing, leadership, turns: new KeyedMutex() };
  const provisioner = createProvisioner(making);
  const standbys = createStandbyKeeper(making);
  const rollBack = whileLeading(leadership, async () => {
    const scopes = await provisioner.rollBack(KEYWARD);
    const keys = await standbys.rollBack(KEYWARD);
    if (scopes.length + keys.length > 0) log.warn({ scopes, keys }, 'what was cut short is rolled back');
  });
  await rollBack().catch((err: unknown) => log.error({ err }, 'not rolled back; it is tried again'));
  const life = openKeyLifecycle({ ...deps, making, standbys });
  const compromises = createCompromiseReports({
    keyRing,
    keyUse: ledger.keyUse,
    verifiers,
    onFailure: (err, kid) => log.error({ err, kid }, 'what a compromise hits could not be counted'),
  });
  const policyPreview = createPolicyPreview({
    keyRing,
    livingTokens: ledger.issued,
    clock,
    onFailure: (err, scope) => log.error({ err, scope }, 'what a policy would refuse could not be counted'),
  });
  const knownKeys = keyRing;
  return {
    ...life,
    gauges: keyGauges({
      keyRing,
      clock,
      graceSeconds: config.keys.grace_seconds,
      renewedSince: () => lastRenewal(deps.gaps()),
    }),
    /** Made as a scope's keys are, one after the other with them. */
    canaryKeys: createCanaryKeys(making),
    routes: {
      operations: supplied(KEY_ROUTES.operations, {
        keyRing,
        knownKeys,
        policyPreview,
        compromises,
        prover: createKeyProver({ signer, keyRing, auditKey, bindingKeys, audit, clock }),
        ceremonies: createCeremonies({ keyRing, audit, bindingKeys }),
      }),
    },
    tasks: [{ name: 'unfinished keys', everyMs: ROLL_BACK_MS, tick: rollBack }],
    acts: [
      ...scopeActs({
        scopes: { ...provisioner, ...createScopeChanger({ registry, keyRing, clock }) },
        pauses: createRotationPauses({ registry, keyRing, clock }),
        keyRing,
        knownKeys,
      }),
      ...keyActs({ keyRing, knownKeys, keys: life.administration, compromises }),
      enrolServiceKeys({ heldKeys: undefined }),
    ],
  };
}

interface RegistryDeps {
  readonly store: Pick<Store, 'openRegistry' | 'signPending'>;
  readonly registryKey: OpenedKey;
  readonly signer: Pick<Signer, 'sealed'>;
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The registry as it was verified; what an emergency wrote without the HSM is signed beside everything else. */
export async function openSignedRegistry(deps: RegistryDeps) {
  const { store, registryKey, signer, events, clock, log } = deps;
  await openRegistry(store, registryKey, signer, log, events, clock);
  const pending = signPending(store, log);
  return { stop: () => pending.stop() };
}

/** Fills the ring, which follows the registry from then on. */
export function loadKeys({
  log,
  ...deps
}: Omit<RingLoadingDeps, 'onRefused'> & { readonly log: Logger }): Promise<void> {
  const onRefused = (key: RefusedKey) => log.fatal(key, 'key refused: registry and binding record disagree');
  return loadRing({ ...deps, onRefused });
}
