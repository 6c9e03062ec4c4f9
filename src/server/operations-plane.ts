import type { RequestListener } from 'node:http';
import type { Authenticator, ClientAdministration, OperatorAdministration } from '../domain/access.ts';
import type { ActGate } from '../domain/act-gate.ts';
import type { AuditLog } from '../domain/audit-log.ts';
import type { CanaryAdministration } from '../domain/canary.ts';
import type { Ceremonies } from '../domain/ceremony.ts';
import type { CompromiseReports } from '../domain/compromise-report.ts';
import type { SecurityEventFeed } from '../domain/event-feed.ts';
import type { EventService } from '../domain/event-service.ts';
import type { Inventories } from '../domain/inventory.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { KnownKeys } from '../domain/known-keys.ts';
import type { LeakService } from '../domain/leaks.ts';
import type { NotificationDesk } from '../domain/notifications.ts';
import type { PolicyPreview } from '../domain/policy-refusals.ts';
import type { KeyProver } from '../domain/prove-key.ts';
import type { Readiness } from '../domain/readiness.ts';
import type { RevocationAdministration } from '../domain/revocation.ts';
import type { UnwitnessedTrail } from '../domain/unwitnessed.ts';
import type { ProbeAdministration } from '../domain/verifier-probe.ts';
import type { VerifierDirectory } from '../domain/verifiers.ts';
import type { EventStreams } from './event-streams.ts';
import { type Described, describeApi } from './openapi.ts';
import { createPlaneApp, type PlaneSettings } from './plane-app.ts';
import type { Route } from './route.ts';
import { adminAuditRoutes } from './routes/admin-audit.ts';
import { adminCanaryRoutes } from './routes/admin-canaries.ts';
import { adminCeremonyRoutes } from './routes/admin-ceremony.ts';
import { adminClientRoutes } from './routes/admin-clients.ts';
import { adminClockRoutes } from './routes/admin-clock.ts';
import { adminCompromiseRoutes } from './routes/admin-compromise.ts';
import { adminDatabaseRoutes } from './routes/admin-database.ts';
import { adminEventStreamRoutes } from './routes/admin-event-stream.ts';
import { adminEventRoutes } from './routes/admin-events.ts';
import { adminGrantRoutes } from './routes/admin-grants.ts';
import { adminHsmRoutes } from './routes/admin-hsm.ts';
import { adminInventoryRoutes } from './routes/admin-inventory.ts';
import { adminKeyActRoutes } from './routes/admin-key-acts.ts';
import { adminKeyProofRoutes } from './routes/admin-key-proof.ts';
import { adminKeyRoutes } from './routes/admin-keys.ts';
import { adminLeakRoutes } from './routes/admin-leaks.ts';
import { adminLedgerRoutes, type LedgerParts } from './routes/admin-ledger.ts';
import { adminNotificationRoutes } from './routes/admin-notifications.ts';
import { adminOperatorRoutes } from './routes/admin-operators.ts';
import { adminProbeRoutes } from './routes/admin-probes.ts';
import { adminProposalRoutes } from './routes/admin-proposals.ts';
import { adminRevocationRoutes } from './routes/admin-revocations.ts';
import { adminRotationRoutes } from './routes/admin-rotation.ts';
import { adminScopeRoutes } from './routes/admin-scopes.ts';
import { adminServiceKeyRoutes } from './routes/admin-service-keys.ts';
import { adminUnwitnessedRoutes } from './routes/admin-unwitnessed.ts';
import { adminVerifierRoutes } from './routes/admin-verifiers.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';
import { openapiRoute } from './routes/openapi.ts';

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
