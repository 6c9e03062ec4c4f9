import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { InventoriedCanaries } from '../inventory/index.ts';
import type { RequestObserver } from '../kernel/activity.ts';
import { KEYWARD } from '../kernel/actor.ts';
import type { AuditTrail } from '../kernel/audit.ts';
import type { Capability } from '../kernel/capability.ts';
import type { Clock } from '../kernel/clock.ts';
import type { LeakService } from '../kernel/credential.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import { type Leadership, whileLeading } from '../kernel/registry.ts';
import type { Revoker, TokenRevocation } from '../kernel/revocation.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import type { Sightings, TokenVerifier } from '../kernel/verification.ts';
import type { CanaryKeys } from '../keys/canary-keys.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { countedTriggers, createCanaryAlarm } from './alarm.ts';
import { CanaryIndex } from './canary-index.ts';
import { adminCanaryRoutes, createCanary, retireCanary } from './routes.ts';
import { CanaryService } from './service.ts';
import { createCanaryStore } from './store.ts';
import { CanaryKeyDetector, watchRevocation, watchSightings, watchVerifier } from './tokens.ts';
import { canariesInInventory, watchCallers, watchLeaks, watchSigner } from './triggers.ts';

const ROLL_BACK_MS = 60_000;

export const CANARY_ROUTES = { operations: adminCanaryRoutes } as const;

export interface CanaryRootDeps {
  readonly store: Pick<Store, 'changes'>;
  readonly audit: AuditTrail;
  readonly keyRing: KeyRing;
  readonly events: EventRaiser;
  readonly metrics: Pick<Metrics, 'canaryTouches'>;
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly log: Logger;
}

interface CanaryAdministrationDeps {
  readonly issuer: TokenIssuer;
  readonly revocations: Revoker;
  readonly keys: CanaryKeys;
}

/** The same ports, which look for decoys in whatever goes through them. */
export interface Canaries {
  watchCallers(next: RequestObserver): RequestObserver;
  watchVerifier(next: TokenVerifier): TokenVerifier;
  watchSightings(next: Sightings): Sightings;
  watchRevocation(next: TokenRevocation): TokenRevocation;
  watchSigner(next: Pick<Signer, 'sign'>): Pick<Signer, 'sign'>;
  watchLeaks(next: LeakService): LeakService;
  readonly inInventory: InventoriedCanaries;
  /** What operators do with them. */
  administration(deps: CanaryAdministrationDeps): Capability;
}

/** Decoys, from the registry that was opened before. */
export function openCanaries({
  keyRing,
  events,
  audit,
  metrics,
  clock,
  leadership,
  log,
  ...deps
}: CanaryRootDeps): Canaries {
  const store = createCanaryStore(deps.store.changes);
  const index = new CanaryIndex(store);
  const alarm = createCanaryAlarm({ events, clock, count: countedTriggers(metrics) });
  const watching = {
    index,
    alarm,
    canaryKeys: new CanaryKeyDetector(index, alarm),
    onFailure: (err: unknown) => log.error({ err }, 'a token could not be looked at for decoy keys'),
  };
  return {
    watchCallers: (next) => watchCallers(next, index, alarm),
    watchVerifier: (next) => watchVerifier(next, watching),
    watchSightings: (next) => watchSightings(next, watching),
    watchRevocation: (next) => watchRevocation(next, watching),
    watchSigner: (next) => watchSigner(next, watching),
    watchLeaks: (next) => watchLeaks(next, watching),
    inInventory: canariesInInventory(index, alarm, keyRing),
    administration(made) {
      const canaries = new CanaryService({
        ...made,
        store,
        index,
        audit,
        clock,
      });
      const rollBack = whileLeading(leadership, () => canaries.rollBack(leadership, KEYWARD));
      rollBack().catch((err: unknown) =>
        log.error({ err }, 'a decoy key that was cut short is not undone; it is tried again'),
      );
      return {
        tasks: [{ name: 'unfinished decoys', everyMs: ROLL_BACK_MS, tick: rollBack }],
        routes: { operations: supplied(CANARY_ROUTES.operations, { canaries }) },
        acts: [createCanary({ canaries }), retireCanary({ canaries })],
      };
    },
  };
}
