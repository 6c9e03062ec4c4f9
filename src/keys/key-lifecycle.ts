import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { KeySuspender } from '../kernel/activity.ts';
import type { Clock, SettledTime, TimeGuard } from '../kernel/clock.ts';
import { lastRenewal, type RecordGaps } from '../kernel/record-gap.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import { createKeyAdministration, createKeySuspender } from './administer-keys.ts';
import { formerRegistryKeys } from './hsm-replacements.ts';
import type { StandbyDeps, StandbyKeeper } from './keep-standby.ts';
import { IssuanceLock, type KeyAdministration } from './key-administration.ts';
import { createKeyChanges } from './key-changes.ts';
import type { KeyPlan } from './lifecycle/plans.ts';
import type { Served } from './load-ring.ts';
import { createReconcileSteps } from './reconcile-steps.ts';
import { startReconciler } from './reconciler.ts';
import { keepRotationWatch } from './rotation-watch.ts';

export interface KeyLifecycleDeps {
  readonly config: Config;
  readonly making: StandbyDeps;
  readonly standbys: StandbyKeeper;
  readonly served: Served;
  readonly raiser: EventRaiser;
  readonly timeGuard: TimeGuard & SettledTime;
  readonly leadership: Leadership;
  readonly gaps: RecordGaps;
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
export function openKeyLifecycle(parts: KeyLifecycleDeps): KeyLifecycle {
  const { config, making, standbys, served, raiser: events, timeGuard, leadership, clock, log } = parts;
  const { registry, keyRing, signer } = making;
  const holds = new IssuanceLock();
  const changes = createKeyChanges({ registry, keyRing, holds });
  const graceSeconds = config.keys.grace_seconds;
  const steps = createReconcileSteps({
    changes,
    keyRing,
    standbys,
    signer,
    served,
    turns: making.turns,
    leadership,
    clock,
    timeGuard,
    graceSeconds,
    failoverSeconds: config.hsm.failover_seconds,
    renewedSince: () => lastRenewal(parts.gaps()),
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
    leadership,
    graceSeconds,
    log,
  });
  const administration = createKeyAdministration({
    registry,
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

const LOUD: ReadonlySet<string> = new Set(['suspended', 'compromised']);

function logChanges({ changes }: Pick<KeyPlan, 'changes'>, log: Logger): void {
  for (const { after } of changes) {
    const { kid, scopeId: scope, state } = after;
    log[LOUD.has(state) ? 'fatal' : 'info']({ kid, scope, state }, `key ${state}`);
  }
}
