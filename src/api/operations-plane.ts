import type { RequestListener } from 'node:http';
import { adminClientRoutes, adminGrantRoutes } from '../access/routes/clients.ts';
import { adminOperatorRoutes } from '../access/routes/operators.ts';
import { adminProposalRoutes } from '../access/routes/proposals.ts';
import { adminAuditRoutes } from '../audit/routes.ts';
import { adminUnwitnessedRoutes } from '../audit/routes-unwitnessed.ts';
import { adminCanaryRoutes } from '../canaries/routes.ts';
import { adminClockRoutes } from '../clock/routes.ts';
import { adminEventRoutes } from '../events/routes.ts';
import { adminEventStreamRoutes } from '../events/routes-stream.ts';
import { healthRoutes } from '../health/routes.ts';
import { adminHsmRoutes } from '../hsm/routes.ts';
import { adminInventoryRoutes } from '../inventory/routes.ts';
import type { Authenticator, ClientAdministration, OperatorAdministration } from '../kernel/actor.ts';
import type { ActGate } from '../kernel/acts.ts';
import type { AuditLog, UnwitnessedTrail } from '../kernel/audit.ts';
import type { CanaryAdministration } from '../kernel/canary.ts';
import type { Readiness } from '../kernel/capability.ts';
import type { Inventories } from '../kernel/inventory.ts';
import type { KeyRing, KnownKeys } from '../kernel/key.ts';
import type { Ceremonies, CompromiseReports } from '../kernel/key-administration.ts';
import type { KeyProver } from '../kernel/key-proof.ts';
import type { LeakService } from '../kernel/leaks.ts';
import type { NotificationDesk } from '../kernel/notifications.ts';
import type { VerifierDirectory } from '../kernel/publication.ts';
import type { RevocationAdministration } from '../kernel/revocation.ts';
import type { PolicyPreview } from '../kernel/scope-change.ts';
import type { EventService, SecurityEventFeed } from '../kernel/security-events.ts';
import type { ProbeAdministration } from '../kernel/verifier-probe.ts';
import { adminCeremonyRoutes } from '../keys/routes/ceremony.ts';
import { adminCompromiseRoutes, adminKeyActRoutes, adminKeyRoutes } from '../keys/routes/keys.ts';
import { adminKeyProofRoutes } from '../keys/routes/proof.ts';
import { adminRotationRoutes, adminScopeRoutes } from '../keys/routes/scopes.ts';
import { adminServiceKeyRoutes } from '../keys/routes/service-keys.ts';
import { adminLeakRoutes } from '../leaks/routes/admin.ts';
import { adminLedgerRoutes, type LedgerParts } from '../ledger/routes/search.ts';
import { adminNotificationRoutes } from '../notifications/routes.ts';
import { adminProbeRoutes } from '../probes/routes.ts';
import { adminVerifierRoutes } from '../publication/routes/verifiers.ts';
import { adminDatabaseRoutes } from '../restore/accept-loss.ts';
import { adminRevocationRoutes } from '../revocation/routes.ts';
import type { EventStreams } from '../server/event-streams.ts';
import { type Described, describeApi } from '../server/openapi.ts';
import { metricsRoute, openapiRoute } from '../server/own-routes.ts';
import { createPlaneApp, type PlaneSettings } from '../server/plane-app.ts';
import type { Route } from '../server/route.ts';

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
