import { Gate } from '../../src/access/gate.ts';
import { clientActs } from '../../src/access/routes/client-acts.ts';
import { operatorActs } from '../../src/access/routes/operator-acts.ts';
import { VolatileProposals } from '../../src/access/store/proposals.ts';
import { CORE_ROUTES } from '../../src/api/routes.ts';
import { confirmUnwitnessed, type UnwitnessedActDeps } from '../../src/audit/routes-unwitnessed.ts';
import { type CanaryActDeps, createCanary, retireCanary } from '../../src/canaries/routes.ts';
import { type ClockActDeps, confirmClock } from '../../src/clock/routes.ts';
import { CONFIGURATION_ROUTES } from '../../src/configuration/index.ts';
import type { Reloader } from '../../src/configuration/reloader.ts';
import type { DrillLog } from '../../src/drills/drill.ts';
import { DRILL_ROUTES } from '../../src/drills/index.ts';
import { clearPinLatch, type PinLatchActDeps } from '../../src/hsm/routes.ts';
import type { ClientAdministration, OperatorAdministration } from '../../src/kernel/actor.ts';
import type { AnyAct } from '../../src/kernel/acts.ts';
import type { Readiness } from '../../src/kernel/capability.ts';
import type { LeakService } from '../../src/kernel/credential.ts';
import type { VerifierDirectory } from '../../src/kernel/publication.ts';
import { keyActs } from '../../src/keys/routes/key-acts.ts';
import { scopeActs } from '../../src/keys/routes/scope-acts.ts';
import { enrolServiceKeys } from '../../src/keys/routes/service-keys.ts';
import { PartnerReports } from '../../src/leaks/partners.ts';
import { addRevocation, eraseSubject, type LedgerActDeps } from '../../src/ledger/routes/erase.ts';
import { Emitter } from '../../src/lib/emitter.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { type ProbeActDeps, removeProbe, setProbe } from '../../src/probes/routes-acts.ts';
import { createScopeEvents } from '../../src/publication/scope-events.ts';
import { createVerifierDirectory } from '../../src/publication/verifier-directory.ts';
import { REPORT_ROUTES } from '../../src/reports/index.ts';
import type { ReportIntake } from '../../src/reports/intake.ts';
import { type AdministeredReports, eraseReport } from '../../src/reports/routes/admin.ts';
import type { ReportLimits } from '../../src/reports/routes/public.ts';
import { acceptRestore } from '../../src/restore/accept-loss.ts';
import { REVIEW_ROUTES } from '../../src/reviews/index.ts';
import type { Reviews } from '../../src/reviews/review.ts';
import { EventStreams } from '../../src/server/event-streams.ts';
import type { PlaneSettings } from '../../src/server/plane-app.ts';
import * as planes from '../../src/server/planes.ts';
import { type NeedsOf, type Route, supplied } from '../../src/server/route.ts';
import { authenticator, grants, operatorList } from '../unit/access/callers.ts';
import { publishing } from '../unit/publication/published.ts';
import { goodVerifier } from '../unit/verification/good-verifier.ts';
import { keyRing, NOW, RELEASED } from './payments.ts';
import { recordedLog } from './recorded-log.ts';
import { untouched } from './untouched.ts';

/** Each capability's routes, with what they need left to the test. */
const { data: DATA, operations: OPERATIONS } = CORE_ROUTES;

export type DataPlaneDeps = PlaneSettings & NeedsOf<(typeof DATA)[number]>;
export type OperationsPlaneDeps = PlaneSettings &
  NeedsOf<(typeof OPERATIONS)[number]> &
  UnwitnessedActDeps & { readonly verifiers: VerifierDirectory };

export function createDataPlane(deps: DataPlaneDeps, added: readonly Route<DataPlaneDeps>[]) {
  return planes.createDataPlane<DataPlaneDeps>(deps, [...DATA, ...added]);
}

export function createOperationsPlane(
  deps: OperationsPlaneDeps,
  added: readonly Route<OperationsPlaneDeps>[],
) {
  return planes.createOperationsPlane<OperationsPlaneDeps>(deps, [...OPERATIONS, ...added]);
}

export type ActDeps = Parameters<typeof keyActs>[0] &
  Parameters<typeof scopeActs>[0] &
  PinLatchActDeps &
  UnwitnessedActDeps &
  LedgerActDeps &
  CanaryActDeps &
  ProbeActDeps &
  ClockActDeps & { readonly clients: ClientAdministration; readonly operators: OperatorAdministration };

/** The acts of the capabilities whose parts the tests fake. */
export function administrativeActs(parts: ActDeps): readonly AnyAct[] {
  return [
    ...clientActs(parts.clients, parts.keyRing),
    ...operatorActs(parts.operators),
    ...scopeActs(parts),
    ...keyActs(parts),
    enrolServiceKeys({ heldKeys: undefined }),
    setProbe(parts),
    removeProbe(parts),
    clearPinLatch(parts),
    addRevocation(parts),
    eraseSubject(parts),
    acceptRestore({ held: undefined }),
    confirmUnwitnessed(parts),
    confirmClock(parts),
    createCanary(parts),
    retireCanary(parts),
  ];
}

export const LIMITS = {
  requests_in_flight: 64,
  client_requests_per_second: 10_000,
  anonymous_requests_per_second: 1_000,
  failed_authentications_per_minute: 1_000,
  event_streams: 8,
  event_streams_per_client: 4,
};

const clock = { nowSeconds: () => NOW };

const settings = () => ({
  leaks: untouched<LeakService>({ find: async (sought) => sought.map(() => undefined) }),
  leakPartners: { knows: () => false, partnerOf: () => undefined },
  leakReports: new PartnerReports({ aMinute: 60, remembered: 1_000 }, clock),
  listener: { trusted_proxies: [] },
  limits: LIMITS,
  log: recordedLog().log,
  metrics: createMetrics(),
  callers: { authenticated: () => {}, rejectedSecret: () => {}, refused: () => {} },
  readiness: {
    check: async () => ({ ready: true, checks: [{ name: 'sign', ok: true, detail: 'signs' }] }),
  } satisfies Readiness,
});

/** What the test does not name is the real thing, the callers of `callers.ts`, or not expected to be used. */
export function dataPlaneDeps(changes: Partial<DataPlaneDeps> = {}): DataPlaneDeps {
  return {
    authenticator,
    grants,
    keyRing,
    issuer: { issue: async () => RELEASED },
    verifier: goodVerifier,
    sightings: untouched(),
    tokenRevocation: { revoke: async () => {} },
    publication: publishing(),
    scopeEvents: createScopeEvents({
      keyRing,
      revocations: { added: new Emitter(), concerning: () => [] },
      clock,
    }),
    eventStreams: new EventStreams(LIMITS),
    verifiers: createVerifierDirectory({ keyRing, clock }),
    checkpoints: untouched(),
    ...settings(),
    ...changes,
  };
}

/** What anybody may report, on the data plane. */
export interface ReportChanges {
  readonly intake?: ReportIntake;
  readonly limits?: ReportLimits;
}

export const publicReports = ({
  intake = { receive: async () => '7Q3K-M2XD' },
  limits = { from: async () => {}, inAll: async () => {} },
}: ReportChanges = {}) => supplied(REPORT_ROUTES.data, { keyRing, intake, limits });

export interface OperationsChanges extends Partial<OperationsPlaneDeps & Omit<ActDeps, 'scopes'>> {
  readonly scopes?: ActDeps['scopes'];
  readonly twoPersons?: boolean;
  readonly reports?: AdministeredReports['reports'];
  readonly reviews?: Reviews;
}

/** What capabilities add to the operations plane. */
export const administered = ({ reports = untouched(), reviews = untouched() }: OperationsChanges = {}) => [
  ...supplied(REPORT_ROUTES.operations, { reports }),
  ...supplied(REVIEW_ROUTES.operations, { reviews }),
  ...supplied(DRILL_ROUTES.operations, { drills: untouched<DrillLog>() }),
  ...supplied(CONFIGURATION_ROUTES.operations, { reloader: untouched<Reloader>() }),
];

/** The gate is the real one, over the same parts. */
export function operationsPlaneDeps({
  twoPersons = false,
  reports = untouched(),
  ...changes
}: OperationsChanges = {}): OperationsPlaneDeps {
  const parts = {
    authenticator,
    keyRing,
    knownKeys: keyRing,
    keys: untouched<ActDeps['keys']>(),
    compromises: untouched<ActDeps['compromises']>(),
    policyPreview: untouched<OperationsPlaneDeps['policyPreview']>(),
    scopes: untouched<ActDeps['scopes']>(),
    pauses: untouched<ActDeps['pauses']>(),
    inventories: untouched<OperationsPlaneDeps['inventories']>(),
    prover: untouched<OperationsPlaneDeps['prover']>(),
    ceremonies: untouched<OperationsPlaneDeps['ceremonies']>(),
    clients: untouched<ActDeps['clients']>({ list: () => [] }),
    operators: untouched<ActDeps['operators']>({ list: operatorList }),
    pinLatches: untouched<ActDeps['pinLatches']>(),
    confirmation: untouched<ActDeps['confirmation']>(),
    unwitnessed: untouched<ActDeps['unwitnessed']>(),
    revocations: untouched<OperationsPlaneDeps['revocations']>(),
    canaries: untouched<OperationsPlaneDeps['canaries']>(),
    ledger: untouched<OperationsPlaneDeps['ledger']>(),
    probes: untouched<OperationsPlaneDeps['probes']>(),
    verifiers: createVerifierDirectory({ keyRing, clock }),
    keySetSigners: [],
    securityEvents: untouched<OperationsPlaneDeps['securityEvents']>(),
    securityEventFeed: untouched<OperationsPlaneDeps['securityEventFeed']>(),
    eventStreams: new EventStreams(LIMITS),
    notifications: untouched<OperationsPlaneDeps['notifications']>(),
    audit: untouched<OperationsPlaneDeps['audit']>(),
    ...settings(),
    ...changes,
  };
  const proposals = () => new VolatileProposals({ record: async () => {} });
  const gate = new Gate({
    acts: [...administrativeActs(parts), eraseReport(reports)],
    operators: () => parts.operators.list(),
    proposals: { durable: proposals(), volatile: proposals() },
    clock,
    timeGuard: { requireSteadyTime() {} },
    twoPersons,
    lifetimeSeconds: 86_400,
    maxOpen: 2,
    maxOpenOfOne: 2,
  });
  return { gate, ...parts };
}
