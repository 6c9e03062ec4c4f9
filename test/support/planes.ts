import { accessActs } from '../../src/access/index.ts';
import { CORE_ROUTES } from '../../src/api/routes.ts';
import { confirmUnwitnessed, type UnwitnessedActDeps } from '../../src/audit/routes-unwitnessed.ts';
import { type CanaryActDeps, createCanary, retireCanary } from '../../src/canaries/routes.ts';
import { type ClockActDeps, confirmClock } from '../../src/clock/routes.ts';
import { clearPinLatch, type PinLatchActDeps } from '../../src/hsm/routes.ts';
import type { ClientAdministration, OperatorAdministration } from '../../src/kernel/actor.ts';
import type { AnyAct } from '../../src/kernel/acts.ts';
import type { VerifierDirectory } from '../../src/kernel/publication.ts';
import { keyActs } from '../../src/keys/index.ts';
import { addRevocation, eraseSubject, type LedgerActDeps } from '../../src/ledger/routes/erase.ts';
import { type ProbeActDeps, removeProbe, setProbe } from '../../src/probes/routes-acts.ts';
import { acceptRestore } from '../../src/restore/accept-loss.ts';
import type { PlaneSettings } from '../../src/server/plane-app.ts';
import * as planes from '../../src/server/planes.ts';
import type { NeedsOf, Route } from '../../src/server/route.ts';

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
