import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { DecoysInInventory } from '../inventory/index.ts';
import type { RequestObserver } from '../kernel/activity.ts';
import { KEYWARD } from '../kernel/actor.ts';
import type { DecoyKeys } from '../kernel/canary.ts';
import type { Capability } from '../kernel/capability.ts';
import type { Clock } from '../kernel/clock.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { LeakService } from '../kernel/leaks.ts';
import type { Revoker, TokenRevocation } from '../kernel/revocation.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import type { Sightings, TokenVerifier } from '../kernel/verification.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { countedTouches, createCanaryAlarm } from './alarm.ts';
import { CanaryIndex } from './canary-index.ts';
import { adminCanaryRoutes, createCanary, retireCanary } from './routes.ts';
import { CanaryService } from './service.ts';
import { DecoyKeysInTokens, watchRevocation, watchSightings, watchVerifier } from './tokens.ts';
import { canariesInInventory, watchCallers, watchLeaks, watchSigner } from './triggers.ts';

export const CANARY_ROUTES = { operations: adminCanaryRoutes } as const;

export interface CanaryRootParts {
  readonly store: Pick<Store, 'canaries' | 'audit'>;
  readonly keyRing: KeyRing;
  readonly events: EventRaiser;
  readonly metrics: Pick<Metrics, 'canaryTouches'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface DeskParts {
  readonly issuer: TokenIssuer;
  readonly revocations: Revoker;
  readonly keys: DecoyKeys;
}

/** The same ports, which look for decoys in whatever goes through them. */
export interface Canaries {
  watchCallers(next: RequestObserver): RequestObserver;
  watchVerifier(next: TokenVerifier): TokenVerifier;
  watchSightings(next: Sightings): Sightings;
  watchRevocation(next: TokenRevocation): TokenRevocation;
  watchSigner(next: Pick<Signer, 'sign'>): Pick<Signer, 'sign'>;
  watchLeaks(next: LeakService): LeakService;
  readonly inInventory: DecoysInInventory;
  /** What operators do with them. */
  administration(parts: DeskParts): Capability;
}

/** Decoys, from the registry that was opened before. */
export function openCanaries({ store, keyRing, events, metrics, clock, log }: CanaryRootParts): Canaries {
  const book = new CanaryIndex(store.canaries.list());
  const alarm = createCanaryAlarm({ events, clock, count: countedTouches(metrics) });
  const parts = {
    book,
    alarm,
    decoyKeys: new DecoyKeysInTokens(book, alarm),
    onFailure: (err: unknown) => log.error({ err }, 'a token could not be looked at for decoy keys'),
  };
  return {
    watchCallers: (next) => watchCallers(next, book, alarm),
    watchVerifier: (next) => watchVerifier(next, parts),
    watchSightings: (next) => watchSightings(next, parts),
    watchRevocation: (next) => watchRevocation(next, parts),
    watchSigner: (next) => watchSigner(next, parts),
    watchLeaks: (next) => watchLeaks(next, parts),
    inInventory: canariesInInventory(book, alarm, keyRing),
    administration(made) {
      const canaries = new CanaryService({ ...made, store: store.canaries, book, audit: store.audit, clock });
      canaries
        .rollBack(KEYWARD)
        .catch((err: unknown) =>
          log.error({ err }, 'a decoy key that was cut short is not undone; it is with the next start'),
        );
      return {
        routes: { operations: supplied(CANARY_ROUTES.operations, { canaries }) },
        acts: [createCanary({ canaries }), retireCanary({ canaries })],
      };
    },
  };
}
