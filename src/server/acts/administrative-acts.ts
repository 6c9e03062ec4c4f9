import type { ClientAdministration, OperatorAdministration } from '../../domain/access.ts';
import type { AnyAct } from '../../domain/act-gate.ts';
import { type CanaryActParts, createCanary, retireCanary } from './canary-acts.ts';
import { createClient, describeClient, replaceClientCredential, revokeClient } from './client-acts.ts';
import { type ClockActParts, confirmClock } from './clock-acts.ts';
import { addGrant, removeGrant } from './grant-acts.ts';
import {
  compromiseHsm,
  compromiseKey,
  destroyKey,
  type KeyActParts,
  resumeKey,
  rotateScope,
  suspendKey,
  undoRotation,
} from './key-acts.ts';
import { addRevocation, eraseSubject, type LedgerActParts } from './ledger-acts.ts';
import {
  createOperator,
  replaceOperatorCredential,
  revokeOperator,
  setOperatorRoles,
} from './operator-acts.ts';
import { clearPinLatch, type PinLatchActParts } from './pin-latch-acts.ts';
import { type ProbeActParts, removeProbe, setProbe } from './probe-acts.ts';
import { acceptRestore, type RestoreActParts } from './restore-acts.ts';
import { pauseRotation, type RotationActParts, unpauseRotation } from './rotation-acts.ts';
import { changeScope, createScope, type ScopeActParts } from './scope-acts.ts';
import { enrolServiceKeys, type ServiceKeyActParts } from './service-key-acts.ts';
import { confirmUnwitnessed, type UnwitnessedActParts } from './unwitnessed-acts.ts';

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
