import type { KeyRing } from '../kernel/key.ts';
import type { VerifierDirectory, VerifierStanding } from '../kernel/publication.ts';
import { type EventRaiser, type SecurityEventReport, securityEvent } from '../kernel/security-events.ts';

export interface OutdatedVerifierDeps {
  readonly keyRing: KeyRing;
  readonly verifiers: Pick<VerifierDirectory, 'list'>;
  readonly events: EventRaiser;
}

/** A key set that may be cached for a second is not fetched every second. */
const SHORTEST_SECONDS = 60;

/**
 * Names verifiers that follow the events and still do not hold the key set that was published longer ago than it
 * may be cached: once for each version. It blocks nothing.
 */
export function createOutdatedVerifierWatch({ keyRing, verifiers, events }: OutdatedVerifierDeps) {
  return async (): Promise<void> => {
    for (const report of verifiers.list().flatMap((verifier) => outdated(keyRing, verifier))) {
      events.raise(report);
    }
  };
}

function outdated(keyRing: KeyRing, verifier: VerifierStanding): SecurityEventReport[] {
  const { scopeId, clientId, instance, version, lagsForSeconds, connectedSince } = verifier;
  const scope = keyRing.scope(scopeId);
  if (!scope || lagsForSeconds === null) return [];
  if (lagsForSeconds < Math.max(SHORTEST_SECONDS, scope.policy.jwksMaxAgeSeconds)) return [];
  return [
    securityEvent('verifier.outdated', {
      scope: scopeId,
      client: clientId,
      instance,
      holds: version,
      published: scope.keySetVersion,
      connected_since: connectedSince,
    }),
  ];
}
