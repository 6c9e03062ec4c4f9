import { ACCESS_ROUTES, accessActs } from '../../src/access/index.ts';
import { AUDIT_ROUTES } from '../../src/audit/index.ts';
import { confirmUnwitnessed, type UnwitnessedActDeps } from '../../src/audit/routes-unwitnessed.ts';
import { CANARY_ROUTES } from '../../src/canaries/index.ts';
import { type CanaryActDeps, createCanary, retireCanary } from '../../src/canaries/routes.ts';
import { type ClockActDeps, confirmClock } from '../../src/clock/routes.ts';
import { EVENT_ROUTES } from '../../src/events/index.ts';
import { HEALTH_ROUTES } from '../../src/health/index.ts';
import { HSM_ROUTES } from '../../src/hsm/index.ts';
import { clearPinLatch, type PinLatchActDeps } from '../../src/hsm/routes.ts';
import { INVENTORY_ROUTES } from '../../src/inventory/index.ts';
import { ISSUANCE_ROUTES } from '../../src/issuance/index.ts';
import type { ClientAdministration, OperatorAdministration } from '../../src/kernel/actor.ts';
import type { AnyAct } from '../../src/kernel/acts.ts';
import type { VerifierDirectory } from '../../src/kernel/publication.ts';
import { KEY_ROUTES, keyActs } from '../../src/keys/index.ts';
import { LEAK_ROUTES } from '../../src/leaks/index.ts';
import { LEDGER_ROUTES } from '../../src/ledger/index.ts';
import { addRevocation, eraseSubject, type LedgerActDeps } from '../../src/ledger/routes/erase.ts';
import { NOTIFICATION_ROUTES } from '../../src/notifications/index.ts';
import { PROBE_ROUTES } from '../../src/probes/index.ts';
import { type ProbeActDeps, removeProbe, setProbe } from '../../src/probes/routes-acts.ts';
import { PUBLICATION_ROUTES } from '../../src/publication/index.ts';
import { acceptRestore } from '../../src/restore/accept-loss.ts';
import { RESTORE_ROUTES } from '../../src/restore/index.ts';
import { REVOCATION_ROUTES } from '../../src/revocation/index.ts';
import type { PlaneSettings } from '../../src/server/plane-app.ts';
import * as planes from '../../src/server/planes.ts';
import type { NeedsOf, Route } from '../../src/server/route.ts';
import { VERIFICATION_ROUTES } from '../../src/verification/index.ts';

/** Each capability's routes, with what they need left to the test. */
const DATA = [
  ...ISSUANCE_ROUTES.data,
  ...VERIFICATION_ROUTES.data,
  ...LEDGER_ROUTES.data,
  ...PUBLICATION_ROUTES.data,
  ...REVOCATION_ROUTES.data,
  ...LEAK_ROUTES.data,
  ...AUDIT_ROUTES.data,
  ...HEALTH_ROUTES.data,
];

const OPERATIONS = [
  ...KEY_ROUTES.operations,
  ...INVENTORY_ROUTES.operations,
  ...ACCESS_ROUTES.operations,
  ...HSM_ROUTES.operations,
  ...RESTORE_ROUTES.operations,
  ...LEDGER_ROUTES.operations,
  ...REVOCATION_ROUTES.operations,
  ...PUBLICATION_ROUTES.operations,
  ...PROBE_ROUTES.operations,
  ...EVENT_ROUTES.operations,
  ...CANARY_ROUTES.operations,
  ...NOTIFICATION_ROUTES.operations,
  ...LEAK_ROUTES.operations,
  ...AUDIT_ROUTES.operations,
  ...HEALTH_ROUTES.operations,
];

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

type ActDeps = Parameters<typeof keyActs>[0] &
  PinLatchActDeps &
  UnwitnessedActDeps &
  LedgerActDeps &
  CanaryActDeps &
  ProbeActDeps &
  ClockActDeps & { readonly clients: ClientAdministration; readonly operators: OperatorAdministration };

/** The acts of the capabilities whose parts the tests fake. */
export function administrativeActs(parts: ActDeps): readonly AnyAct[] {
  return [
    ...accessActs(parts, parts.keyRing),
    ...keyActs(parts),
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
