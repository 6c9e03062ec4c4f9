import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Clock, TimeGuard } from './domain/clock.ts';
import type { KeyAdministration } from './domain/key-administration.ts';
import type { KeyPlan } from './domain/key-life/plans.ts';
import type { Leadership } from './domain/leadership.ts';
import type { RecordGap } from './domain/record-gap.ts';
import { ScopeHolds } from './domain/scope-holds.ts';
import type { SecurityEvents } from './domain/security-events.ts';
import type { KeySuspender } from './domain/suspension.ts';
import { keepChores } from './keep-chores.ts';
import { keepRotationWatch } from './keep-rotation-watch.ts';
import { createKeyAdministration } from './keys/administer-keys.ts';
import { createStandbyKeeper, type StandbyParts } from './keys/keep-standby.ts';
import { createKeyChanges } from './keys/key-changes.ts';
import { createKeyChores } from './keys/key-chores.ts';
import type { Served } from './keys/remember-served.ts';
import { createKeySuspender } from './keys/suspend-key.ts';

export interface KeyLifeParts {
  readonly config: Config;
  readonly making: StandbyParts;
  readonly served: Served;
  readonly securityEvents: SecurityEvents;
  readonly timeGuard: TimeGuard;
  readonly leadership: Leadership;
  readonly gaps: readonly RecordGap[];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface KeyLife {
  readonly administration: KeyAdministration;
  readonly suspender: KeySuspender;
  /** For whoever signs. */
  readonly holds: ScopeHolds;
  stop(): Promise<void>;
}

/** Keys from their standby to their end: what people do to them, and what follows from it by itself. */
export function openKeyLife(parts: KeyLifeParts): KeyLife {
  const { config, making, served, securityEvents: events, timeGuard, leadership, clock, log } = parts;
  const { registry, keyRing, signer } = making;
  const holds = new ScopeHolds();
  const changes = createKeyChanges({ registry, keyRing, holds });
  const graceSeconds = config.keys.grace_seconds;
  const standbys = createStandbyKeeper(making);
  const chores = createKeyChores({
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
  const urgent = keepChores({ chores: chores.urgent, leadership, events, clock, log });
  const patient = signer.tokens.map((hsmToken) =>
    keepChores({ chores: () => chores.patient(hsmToken), leadership, events, clock, log }),
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
      tell(plan, log);
      urgent.look();
      for (const keeper of patient) keeper.look();
    },
  });
  return {
    administration,
    suspender: createKeySuspender(administration, keyRing),
    holds,
    async stop() {
      await Promise.all([urgent, ...patient, watch].map((each) => each.stop()));
    },
  };
}

const LOUD: ReadonlySet<string> = new Set(['suspended', 'compromised']);

function tell({ changes }: Pick<KeyPlan, 'changes'>, log: Logger): void {
  for (const { after } of changes) {
    const { kid, scopeId: scope, state } = after;
    log[LOUD.has(state) ? 'fatal' : 'info']({ kid, scope, state }, `key ${state}`);
  }
}
