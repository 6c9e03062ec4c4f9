import type { ClientAdministration, OperatorAdministration } from '../kernel/actor.ts';
import type { AnyAct } from '../domain/act-gate.ts';
import { type CanaryActParts, createCanary, retireCanary } from '../server/acts/canary-acts.ts';
import { createClient, describeClient, replaceClientCredential, revokeClient } from '../access/routes/client-acts.ts';
import { type ClockActParts, confirmClock } from '../server/acts/clock-acts.ts';
import { addGrant, removeGrant } from '../server/acts/grant-acts.ts';
import {
  compromiseHsm,
  compromiseKey,
  destroyKey,
  type KeyActParts,
  resumeKey,
  rotateScope,
  suspendKey,
  undoRotation,
} from '../keys/routes/key-acts.ts';
import { addRevocation, eraseSubject, type LedgerActParts } from '../ledger/routes/erase.ts';
import {
  createOperator,
  replaceOperatorCredential,
  revokeOperator,
  setOperatorRoles,
} from '../access/routes/operator-acts.ts';
import { clearPinLatch, type PinLatchActParts } from '../server/acts/pin-latch-acts.ts';
import { type ProbeActParts, removeProbe, setProbe } from '../probes/routes-acts.ts';
import { acceptRestore, type RestoreActParts } from '../server/acts/restore-acts.ts';
import { pauseRotation, type RotationActParts, unpauseRotation } from '../server/acts/rotation-acts.ts';
import { changeScope, createScope, type ScopeActParts } from '../keys/routes/scope-acts.ts';
import { enrolServiceKeys, type ServiceKeyActParts } from '../server/acts/service-key-acts.ts';
import { confirmUnwitnessed, type UnwitnessedActParts } from '../server/acts/unwitnessed-acts.ts';

export interface ActParts
  extends ScopeActParts,
    KeyActParts,
    RotationActParts,
    PinLatchActParts,
    RestoreActParts,
    ServiceKeyActParts,
    UnwitnessedActParts,
    LedgerActParts,
    CanaryActParts,
    ProbeActParts,
    ClockActParts {
  readonly clients: ClientAdministration;
  readonly operators: OperatorAdministration;
}

/** How each act is done that the operations plane offers. */
export function administrativeActs(parts: ActParts): readonly AnyAct[] {
  const { clients, operators, keyRing } = parts;
  return [
    createScope(parts),
    changeScope(parts),
    pauseRotation(parts),
    unpauseRotation(parts),
    createClient(clients),
    replaceClientCredential(clients),
    describeClient(clients),
    revokeClient(clients),
    addGrant(clients, keyRing),
    removeGrant(clients, keyRing),
    setProbe(parts),
    removeProbe(parts),
    createOperator(operators),
    replaceOperatorCredential(operators),
    setOperatorRoles(operators),
    revokeOperator(operators),
    rotateScope(parts),
    suspendKey(parts),
    compromiseKey(parts),
    compromiseHsm(parts),
    resumeKey(parts),
    undoRotation(parts),
    destroyKey(parts),
    clearPinLatch(parts),
    addRevocation(parts),
    eraseSubject(parts),
    acceptRestore(parts),
    enrolServiceKeys(parts),
    confirmUnwitnessed(parts),
    confirmClock(parts),
    createCanary(parts),
    retireCanary(parts),
  ];
}
