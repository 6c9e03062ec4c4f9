import type { RequestListener } from 'node:http';
import type { Authenticator, Grants } from '../kernel/actor.ts';
import type { CheckpointSource } from '../domain/checkpoint.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Publication } from '../domain/publication.ts';
import type { Readiness } from '../domain/readiness.ts';
import type { TokenRevocation } from '../kernel/revocation.ts';
import type { ScopeEvents } from '../kernel/publication.ts';
import type { Sightings } from '../domain/sightings.ts';
import type { TokenVerifier } from '../domain/verification.ts';
import type { VerifierDirectory } from '../domain/verifiers.ts';
import type { EventStreams } from '../server/event-streams.ts';
import { type Described, describeApi } from '../server/openapi.ts';
import { createPlaneApp, type PlaneSettings } from '../server/plane-app.ts';
import type { Route } from '../server/route.ts';
import { acknowledgeKeySet } from '../publication/routes/verifiers.ts';
import { latestCheckpoint } from '../server/routes/checkpoints.ts';
import { followEvents } from '../publication/routes/events.ts';
import { healthRoutes } from '../health/routes.ts';
import { introspectToken } from '../server/routes/introspect.ts';
import { jwsRoutes } from '../issuance/routes/jws.ts';
import { keySetRoutes } from '../publication/routes/key-sets.ts';
import { type LeakParts, reportLeaks } from '../leaks/routes/public.ts';
import { openapiRoute } from '../server/routes/openapi.ts';
import { revokeToken } from '../server/routes/revoke.ts';
import { reportSightings } from '../ledger/routes/sightings.ts';
import { issueTokens } from '../issuance/routes/token-batch.ts';
import { issueToken } from '../issuance/routes/tokens.ts';
import { verifyToken } from '../verification/routes.ts';
import { shedRequest } from '../server/shed-load.ts';

export interface DataPlaneDeps extends PlaneSettings, LeakParts {
  readonly authenticator: Authenticator;
  readonly grants: Grants;
  readonly keyRing: KeyRing;
  readonly issuer: TokenIssuer;
  readonly verifier: TokenVerifier;
  readonly sightings: Sightings;
  readonly tokenRevocation: TokenRevocation;
  readonly scopeEvents: ScopeEvents;
  readonly eventStreams: EventStreams;
  readonly verifiers: VerifierDirectory;
  readonly publication: Publication;
  readonly readiness: Readiness;
  readonly checkpoints: CheckpointSource;
}

/** Express tries them in this order, so the hot path comes first. */
const OWN_ROUTES: readonly Route<DataPlaneDeps>[] = [
  issueToken,
  verifyToken,
  issueTokens,
  ...jwsRoutes,
  reportSightings,
  followEvents,
  acknowledgeKeySet,
  introspectToken,
  revokeToken,
  reportLeaks,
  ...keySetRoutes,
  latestCheckpoint,
  ...healthRoutes,
];

/** All that the data plane answers, with what capabilities add. */
export function dataPlaneRoutes<R extends Described>(added: readonly R[]) {
  const routes: readonly (Route<DataPlaneDeps> | R)[] = [
    ...OWN_ROUTES,
    ...added,
    openapiRoute(() => describeApi('data', routes)),
  ];
  return routes;
}

/** What identity services and relying services talk to. Nothing of operations answers here. */
export function createDataPlane(
  deps: DataPlaneDeps,
  added: readonly Route<DataPlaneDeps>[],
): RequestListener {
  return createPlaneApp('data', dataPlaneRoutes(added), deps, {
    shed: (request, { identity }) => shedRequest(request, identity, deps),
  });
}
