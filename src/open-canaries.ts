import type { Logger } from 'pino';
import type { CallerWatch } from './domain/caller-watch.ts';
import type { CanaryAdministration } from './domain/canary.ts';
import type { Clock } from './domain/clock.ts';
import type { TokenIssuer } from './domain/issuance.ts';
import type { Revoker } from './domain/revocation.ts';
import type { SecurityEvents } from './domain/security-events.ts';
import type { Sightings } from './domain/sightings.ts';
import type { TokenVerifier } from './domain/verification.ts';
import { networkOf } from './http/network.ts';
import { keepLooking } from './keep-looking.ts';
import { countedTouches } from './metrics/counted-touches.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Store } from './store/open-store.ts';
import { TellingCanaryAlarm } from './watch/canaries/canary-alarm.ts';
import { CanaryBook } from './watch/canaries/canary-book.ts';
import { CanaryDesk } from './watch/canaries/canary-desk.ts';
import { watchCallers } from './watch/canaries/watch-callers.ts';
import { watchSightings, watchVerifier } from './watch/canaries/watch-tokens.ts';

const EVERY_MS = 5_000;

export interface CanaryRootParts {
  readonly store: Pick<Store, 'canaries' | 'audit'>;
  readonly events: SecurityEvents;
  readonly metrics: Pick<Metrics, 'canaryTouches'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The same ports, which look for decoys in whatever goes through them. */
export interface Canaries {
  watchCallers(next: CallerWatch): CallerWatch;
  watchVerifier(next: TokenVerifier): TokenVerifier;
  watchSightings(next: Sightings): Sightings;
  administration(parts: {
    readonly issuer: TokenIssuer;
    readonly revocations: Revoker;
  }): CanaryAdministration;
  stop(): Promise<void>;
}

/** Decoys, from the registry that was opened before. */
export function openCanaries({ store, events, metrics, clock, log }: CanaryRootParts): Canaries {
  const book = new CanaryBook(store.canaries.list());
  const alarm = new TellingCanaryAlarm({
    events,
    clock,
    networkOf,
    count: countedTouches(metrics),
    onFailure: ({ type, subject, evidence: { use, remote } }, err) =>
      log.fatal(
        { event: type, subject, use, remote, err },
        'a decoy was used, which could not be stored yet',
      ),
  });
  const telling = keepLooking({
    look: () => alarm.tell(),
    everyMs: EVERY_MS,
    log,
    failure: 'canary.touched could not be stored; it is tried again',
  });
  return {
    watchCallers: (next) => watchCallers(next, book, alarm),
    watchVerifier: (next) => watchVerifier(next, book, alarm),
    watchSightings: (next) => watchSightings(next, book, alarm),
    administration: (parts) =>
      new CanaryDesk({ ...parts, store: store.canaries, book, audit: store.audit, clock }),
    stop: () => telling.stop(),
  };
}
