import type { RequestListener } from 'node:http';
import { latestCheckpoint } from '../audit/routes.ts';
import { healthRoutes } from '../health/routes.ts';
import { jwsRoutes } from '../issuance/routes/jws.ts';
import { issueTokens } from '../issuance/routes/token-batch.ts';
import { issueToken } from '../issuance/routes/tokens.ts';
import type { Authenticator, Grants } from '../kernel/actor.ts';
import type { CheckpointSource } from '../kernel/audit-chain.ts';
import type { Readiness } from '../kernel/capability.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { Publication, ScopeEvents, VerifierDirectory } from '../kernel/publication.ts';
import type { TokenRevocation } from '../kernel/revocation.ts';
import type { Sightings, TokenVerifier } from '../kernel/verification.ts';
import { type LeakParts, reportLeaks } from '../leaks/routes/public.ts';
import { reportSightings } from '../ledger/routes/sightings.ts';
import { followEvents } from '../publication/routes/events.ts';
import { keySetRoutes } from '../publication/routes/key-sets.ts';
import { acknowledgeKeySet } from '../publication/routes/verifiers.ts';
import { revokeToken } from '../revocation/routes.ts';
import type { EventStreams } from '../server/event-streams.ts';
import { type Described, describeApi } from '../server/openapi.ts';
import { openapiRoute } from '../server/own-routes.ts';
import { createPlaneApp, type PlaneSettings } from '../server/plane-app.ts';
import type { Route } from '../server/route.ts';
import { shedRequest } from '../server/shed-load.ts';
import { introspectToken, verifyToken } from '../verification/routes.ts';

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
