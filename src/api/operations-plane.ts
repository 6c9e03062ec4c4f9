import type { RequestListener } from 'node:http';
import type { Authenticator, ClientAdministration, OperatorAdministration } from '../kernel/actor.ts';
import type { ActGate } from '../domain/act-gate.ts';
import type { AuditLog } from '../domain/audit-log.ts';
import type { CanaryAdministration } from '../kernel/canary.ts';
import type { Ceremonies } from '../domain/ceremony.ts';
import type { CompromiseReports } from '../domain/compromise-report.ts';
import type { SecurityEventFeed } from '../domain/event-feed.ts';
import type { EventService } from '../domain/event-service.ts';
import type { Inventories } from '../kernel/inventory.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { KnownKeys } from '../domain/known-keys.ts';
import type { LeakService } from '../kernel/leaks.ts';
import type { NotificationDesk } from '../kernel/notifications.ts';
import type { PolicyPreview } from '../domain/policy-refusals.ts';
import type { KeyProver } from '../domain/prove-key.ts';
import type { Readiness } from '../domain/readiness.ts';
import type { RevocationAdministration } from '../kernel/revocation.ts';
import type { UnwitnessedTrail } from '../domain/unwitnessed.ts';
import type { ProbeAdministration } from '../kernel/verifier-probe.ts';
import type { VerifierDirectory } from '../domain/verifiers.ts';
import type { EventStreams } from '../server/event-streams.ts';
import { type Described, describeApi } from '../server/openapi.ts';
import { createPlaneApp, type PlaneSettings } from '../server/plane-app.ts';
import type { Route } from '../server/route.ts';
import { adminAuditRoutes } from '../audit/routes.ts';
import { adminCanaryRoutes } from '../canaries/routes.ts';
import { adminCeremonyRoutes } from '../keys/routes/ceremony.ts';
import { adminClientRoutes } from '../access/routes/clients.ts';
import { adminClockRoutes } from '../clock/routes.ts';
import { adminCompromiseRoutes } from '../server/routes/admin-compromise.ts';
import { adminDatabaseRoutes } from '../restore/routes.ts';
import { adminEventStreamRoutes } from '../events/routes-stream.ts';
import { adminEventRoutes } from '../events/routes.ts';
import { adminGrantRoutes } from '../server/routes/admin-grants.ts';
import { adminHsmRoutes } from '../hsm/routes.ts';
import { adminInventoryRoutes } from '../inventory/routes.ts';
import { adminKeyActRoutes } from '../server/routes/admin-key-acts.ts';
import { adminKeyProofRoutes } from '../keys/routes/proof.ts';
import { adminKeyRoutes } from '../keys/routes/keys.ts';
import { adminLeakRoutes } from '../leaks/routes/admin.ts';
import { adminLedgerRoutes, type LedgerParts } from '../ledger/routes/search.ts';
import { adminNotificationRoutes } from '../notifications/routes.ts';
import { adminOperatorRoutes } from '../access/routes/operators.ts';
import { adminProbeRoutes } from '../probes/routes.ts';
import { adminProposalRoutes } from '../access/routes/proposals.ts';
import { adminRevocationRoutes } from '../revocation/routes.ts';
import { adminRotationRoutes } from '../server/routes/admin-rotation.ts';
import { adminScopeRoutes } from '../keys/routes/scopes.ts';
import { adminServiceKeyRoutes } from '../keys/routes/service-keys.ts';
import { adminUnwitnessedRoutes } from '../audit/routes-unwitnessed.ts';
import { adminVerifierRoutes } from '../server/routes/admin-verifiers.ts';
import { healthRoutes } from '../health/routes.ts';
import { metricsRoute } from '../server/own-routes.ts';
import { openapiRoute } from '../server/routes/openapi.ts';

export interface OperationsPlaneDeps extends PlaneSettings {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
  readonly inventories: Inventories;
  readonly prover: KeyProver;
  readonly ceremonies: Ceremonies;
  readonly compromises: CompromiseReports;
  readonly policyPreview: PolicyPreview;
  readonly gate: ActGate;
  readonly clients: ClientAdministration;
  readonly operators: OperatorAdministration;
  readonly verifiers: VerifierDirectory;
  readonly probes: ProbeAdministration;
  readonly revocations: RevocationAdministration;
  readonly canaries: CanaryAdministration;
  readonly leaks: LeakService;
  readonly securityEvents: EventService;
  readonly securityEventFeed: SecurityEventFeed;
  readonly eventStreams: EventStreams;
  readonly notifications: NotificationDesk;
  readonly ledger: LedgerParts['ledger'];
  readonly readiness: Readiness;
  readonly audit: Pick<AuditLog, 'eventsAfter' | 'newestEvents' | 'checkpointsAfter'>;
  readonly unwitnessed: Pick<UnwitnessedTrail, 'list' | 'confirm'>;
}

const OWN_ROUTES: readonly Route<OperationsPlaneDeps>[] = [
  ...adminScopeRoutes,
  ...adminCeremonyRoutes,
  ...adminRotationRoutes,
  ...adminKeyRoutes,
  ...adminKeyActRoutes,
  ...adminCompromiseRoutes,
  ...adminInventoryRoutes,
  ...adminKeyProofRoutes,
  ...adminClientRoutes,
  ...adminGrantRoutes,
  ...adminOperatorRoutes,
  ...adminProposalRoutes,
  ...adminHsmRoutes,
  ...adminDatabaseRoutes,
  ...adminServiceKeyRoutes,
  ...adminClockRoutes,
  ...adminLedgerRoutes,
  ...adminRevocationRoutes,
  ...adminVerifierRoutes,
  ...adminProbeRoutes,
  ...adminEventStreamRoutes,
  ...adminEventRoutes,
  ...adminCanaryRoutes,
  ...adminNotificationRoutes,
  ...adminLeakRoutes,
  ...adminAuditRoutes,
  ...adminUnwitnessedRoutes,
  ...healthRoutes,
  metricsRoute,
];

/** All that the operations plane answers, with what capabilities add; its `/openapi.json` describes this plane alone. */
export function operationsPlaneRoutes<R extends Described>(added: readonly R[]) {
  const routes: readonly (Route<OperationsPlaneDeps> | R)[] = [
    ...OWN_ROUTES,
    ...added,
    openapiRoute(() => describeApi('operations', routes)),
  ];
  return routes;
}

/** What the security team and its tools talk to; on loopback unless configured otherwise. */
export function createOperationsPlane(
  deps: OperationsPlaneDeps,
  added: readonly Route<OperationsPlaneDeps>[],
): RequestListener {
  return createPlaneApp('operations', operationsPlaneRoutes(added), deps);
}
