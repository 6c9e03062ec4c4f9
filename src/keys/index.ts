import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import type { KeySuspender } from '../kernel/activity.ts';
import { KEYWARD } from '../kernel/actor.ts';
import type { AnyAct } from '../kernel/acts.ts';
import type { Clock, SettledTime, TimeGuard } from '../kernel/clock.ts';
import { IssuanceLock, type KeyAdministration } from '../kernel/key-administration.ts';
import type { KeyPlan } from '../kernel/key-lifecycle/plans.ts';
import type { VerifierDirectory } from '../kernel/publication.ts';
import type { RecordGap } from '../kernel/record-gap.ts';
import type { Leadership, UnfinishedScope } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import { KeyedMutex } from '../lib/mutex.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { createKeyAdministration, createKeySuspender } from './administer-keys.ts';
import { createCanaryKeys } from './canary-keys.ts';
import { createCeremonies, createKeyProver } from './ceremonies.ts';
import { createRotationPauses, createScopeChanger } from './change-scope.ts';
import { watchKeyGauges } from './gauges.ts';
import { formerRegistryKeys } from './hsm-replacements.ts';
import { createStandbyKeeper, type StandbyDeps } from './keep-standby.ts';
import { createKeyChanges } from './key-changes.ts';
import { loadRing, type RingLoadingDeps, type Served } from './load-ring.ts';
import { openRegistry, signPending } from './open-registry.ts';
import { createPolicyPreview } from './preview-policy.ts';
import { createProvisioner } from './provision-scope.ts';
import { createReconcileSteps } from './reconcile-steps.ts';
import { startReconciler } from './reconciler.ts';
import type { OpenedKey } from './registry-key.ts';
import { createCompromiseReports } from './report-compromise.ts';
import { keepRotationWatch } from './rotation-watch.ts';
import { adminCeremonyRoutes } from './routes/ceremony.ts';
import {
  compromiseHsm,
  compromiseKey,
  destroyKey,
  type KeyActDeps,
  resumeKey,
  rotateScope,
  suspendKey,
  undoRotation,
} from './routes/key-acts.ts';
import { adminCompromiseRoutes, adminKeyActRoutes, adminKeyRoutes } from './routes/keys.ts';
import { adminKeyProofRoutes } from './routes/proof.ts';
import {
  changeScope,
  createScope,
  pauseRotation,
  type RotationActDeps,
  type ScopeActDeps,
  unpauseRotation,
} from './routes/scope-acts.ts';
import { adminRotationRoutes, adminScopeRoutes } from './routes/scopes.ts';
import { adminServiceKeyRoutes, enrolServiceKeys } from './routes/service-keys.ts';

export { createKeyRing } from './key-ring.ts';

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

interface KeyLifecycleDeps {
  readonly config: Config;
  readonly making: StandbyDeps;
  readonly served: Served;
  readonly raiser: EventRaiser;
  readonly timeGuard: TimeGuard & SettledTime;
  readonly leadership: Leadership;
  readonly gaps: readonly RecordGap[];
  readonly clock: Clock;
  readonly log: Logger;
}

interface KeyLifecycle {
  readonly administration: KeyAdministration;
  readonly suspender: KeySuspender;
  /** For whoever signs. */
  readonly holds: IssuanceLock;
  stop(): Promise<void>;
}

/** Keys from their standby to their end: what people do to them, and what follows from it by itself. */
function openKeyLifecycle(parts: KeyLifecycleDeps): KeyLifecycle {
  const { config, making, served, raiser: events, timeGuard, leadership, clock, log } = parts;
  const { registry, keyRing, signer } = making;
  const holds = new IssuanceLock();
  const changes = createKeyChanges({ registry, keyRing, holds });
  const graceSeconds = config.keys.grace_seconds;
  const standbys = createStandbyKeeper(making);
  const steps = createReconcileSteps({
    changes,
    keyRing,
    standbys,
    signer,
    served,
    turns: making.turns,
    clock,
    timeGuard,
    graceSeconds,
    renewedSince: parts.gaps.at(-1)?.issuedUntil,
  });
  const immediate = startReconciler({ steps: steps.immediate, leadership, events, clock, log });
  // The keys of a lost token are withdrawn when their last tokens have expired.
  const tokens = [...signer.tokens, ...formerRegistryKeys(config.hsm).keys()];
  const deferred = tokens.map((hsmToken) =>
    startReconciler({ steps: () => steps.deferred(hsmToken), leadership, events, clock, log }),
  );
  const watch = keepRotationWatch({
    scopes: () => keyRing.scopes().flatMap(({ id }) => keyRing.scopeKeys(id) ?? []),
    events,
    clock,
    timeGuard,
    graceSeconds,
    log,
  });
  const administration = createKeyAdministration({
    changes,
    keyRing,
    signer,
    clock,
    graceSeconds,
    onChanged(plan) {
      logChanges(plan, log);
      immediate.schedule();
      for (const keeper of deferred) keeper.schedule();
    },
  });
  return {
    administration,
    suspender: createKeySuspender(administration, keyRing),
    holds,
    async stop() {
      await Promise.all([immediate, ...deferred, watch].map((each) => each.stop()));
    },
  };
}

interface KeyDeps extends Omit<KeyLifecycleDeps, 'making'>, Omit<StandbyDeps, 'registry' | 'turns'> {
  readonly signer: Signer;
  readonly store: Pick<Store, 'registry' | 'audit' | 'ledger'>;
  readonly auditKey: OpenedKey;
  readonly verifiers: VerifierDirectory;
  /** Scopes whose provisioning was cut short. */
  readonly unfinished: readonly UnfinishedScope[];
  readonly metrics: Metrics;
}

/** Scopes and their keys, from their making to their end. */
export async function openKeys(deps: KeyDeps) {
  const {
    config,
    store,
    signer,
    bindingKeys,
    keyRing,
    auditKey,
    verifiers,
    unfinished,
    metrics,
    clock,
    log,
  } = deps;
  const { registry, audit, ledger } = store;
  const making = { registry, signer, bindingKeys, clock, keyRing, turns: new KeyedMutex() };
  const provisioner = createProvisioner(making);
  if (unfinished.length > 0) {
    log.warn({ unfinished }, 'provisioning was cut short: rolling it back');
    await provisioner
      .rollBack(unfinished, KEYWARD)
      .catch((error: unknown) =>
        log.error({ err: error }, 'not rolled back; it is tried again with the next start'),
      );
  }
  const life = openKeyLifecycle({ ...deps, making });
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
  watchKeyGauges(metrics, {
    keyRing,
    clock,
    graceSeconds: config.keys.grace_seconds,
    renewedSince: deps.gaps.at(-1)?.issuedUntil,
  });
  const knownKeys = keyRing;
  return {
    ...life,
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
    acts: keyActs({
      scopes: { ...provisioner, ...createScopeChanger({ registry, keyRing, clock }) },
      pauses: createRotationPauses({ registry, keyRing, clock }),
      keyRing,
      knownKeys,
      keys: life.administration,
      compromises,
    }),
  };
}

export function keyActs(parts: ScopeActDeps & KeyActDeps & RotationActDeps): readonly AnyAct[] {
  return [
    createScope(parts),
    changeScope(parts),
    pauseRotation(parts),
    unpauseRotation(parts),
    rotateScope(parts),
    suspendKey(parts),
    compromiseKey(parts),
    compromiseHsm(parts),
    resumeKey(parts),
    undoRotation(parts),
    destroyKey(parts),
    enrolServiceKeys({ heldKeys: undefined }),
  ];
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

/** Fills the ring, and answers what scopes are unfinished. */
export async function loadKeys({
  log,
  ...parts
}: RingLoadingDeps & { readonly log: Logger }): Promise<readonly UnfinishedScope[]> {
  const { refused, unfinished } = await loadRing(parts);
  for (const key of refused) log.fatal(key, 'key refused: registry and binding record disagree');
  return unfinished;
}

const LOUD: ReadonlySet<string> = new Set(['suspended', 'compromised']);

function logChanges({ changes }: Pick<KeyPlan, 'changes'>, log: Logger): void {
  for (const { after } of changes) {
    const { kid, scopeId: scope, state } = after;
    log[LOUD.has(state) ? 'fatal' : 'info']({ kid, scope, state }, `key ${state}`);
  }
}
