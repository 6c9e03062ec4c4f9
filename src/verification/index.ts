import type { Logger } from 'pino';
import type { Canaries } from '../canaries/index.ts';
import { openForgeryAlarm } from '../detection/alarms.ts';
import type { KeySuspender } from '../kernel/activity.ts';
import type { EventRaiser, SecurityEvents } from '../kernel/security-events.ts';
import { measuredVerifier } from '../metrics/measured.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { introspectToken, verifyToken } from './routes.ts';
import { createTokenVerifier, type VerifyingDeps } from './verify-token.ts';

export const VERIFICATION_ROUTES = { data: [verifyToken, introspectToken] } as const;

interface VerificationDeps extends Omit<VerifyingDeps, 'alarm'> {
  readonly securityEvents: SecurityEvents;
  readonly raiser: EventRaiser;
  readonly suspender: KeySuspender;
  readonly canaries: Pick<Canaries, 'watchVerifier'>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What is said of a token that is presented, with all that watches it. */
export function openVerification(deps: VerificationDeps) {
  const { securityEvents: events, raiser, suspender, canaries, metrics, clock, log } = deps;
  const alarm = openForgeryAlarm({ events, raiser, suspender, clock, log });
  const checkToken = createTokenVerifier({ ...deps, alarm });
  const verifier = canaries.watchVerifier(measuredVerifier(checkToken, metrics));
  return { verifier, routes: { data: supplied(VERIFICATION_ROUTES.data, { verifier }) } };
}
