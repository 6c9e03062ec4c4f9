import type { Logger } from 'pino';
import type { Access } from '../access/create-access.ts';
import { Gate } from '../access/gate.ts';
import {
  addGrant,
  createClient,
  describeClient,
  removeGrant,
  replaceClientCredential,
  revokeClient,
} from '../access/routes/client-acts.ts';
import {
  createOperator,
  replaceOperatorCredential,
  revokeOperator,
  setOperatorRoles,
} from '../access/routes/operator-acts.ts';
import { confirmUnwitnessed, type UnwitnessedActParts } from '../audit/routes-unwitnessed.ts';
import { type CanaryActParts, createCanary, retireCanary } from '../canaries/routes.ts';
import { type ClockActParts, confirmClock } from '../clock/routes.ts';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import { VolatileProposals } from '../db/proposals.ts';
import { clearPinLatch, type PinLatchActParts } from '../hsm/routes.ts';
import type { ClientAdministration, OperatorAdministration } from '../kernel/actor.ts';
import type { AnyAct } from '../kernel/acts.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { canDecideTogether } from '../kernel/proposal-refusals.ts';
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
import {
  changeScope,
  createScope,
  pauseRotation,
  type RotationActParts,
  type ScopeActParts,
  unpauseRotation,
} from '../keys/routes/scope-acts.ts';
import { enrolServiceKeys, type ServiceKeyActParts } from '../keys/routes/service-keys.ts';
import { addRevocation, eraseSubject, type LedgerActParts } from '../ledger/routes/erase.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { type ProbeActParts, removeProbe, setProbe } from '../probes/routes-acts.ts';
import { acceptRestore, type RestoreActParts } from '../restore/accept-loss.ts';

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

const EVERY_MS = 60_000;

export interface GateRootParts
  extends ScopeActParts,
    KeyActParts,
    RotationActParts,
    PinLatchActParts,
    LedgerActParts,
    CanaryActParts,
    ClockActParts,
    Pick<ProbeActParts, 'probes'> {
  readonly config: Config;
  /** Of capabilities. */
  readonly acts: readonly AnyAct[];
  readonly access: Access;
  readonly store: Pick<Store, 'proposals' | 'audit' | 'unwitnessed'>;
  readonly clock: Clock;
  readonly timeGuard: TimeGuard;
  readonly log: Logger;
}

/** Every act of the operations plane, each behind the one gate; and what an earlier process left of proposals. */
export async function openGate(parts: GateRootParts): Promise<{ gate: Gate; stop(): Promise<void> }> {
  const { config, access, store, clock, timeGuard, log } = parts;
  const gate = new Gate({
    acts: [
      ...administrativeActs({
        ...parts,
        held: undefined,
        heldKeys: undefined,
        unwitnessed: store.unwitnessed,
        clients: access.clients,
        operators: access.operators,
      }),
      ...parts.acts,
    ],
    operators: () => access.operators.list(),
    proposals: { durable: store.proposals, volatile: new VolatileProposals(store.audit) },
    clock,
    timeGuard,
    twoPersons: config.two_persons,
    lifetimeSeconds: config.proposals.lifetime_seconds,
    maxOpen: config.proposals.max_open,
    maxOpenOfOne: config.proposals.max_open_per_operator,
  });
  if (config.two_persons && !canDecideTogether(access.operators.list())) {
    log.error('nobody can approve what another operator proposes: enrol others with keyward init --operator');
  }
  for (const { id, act, subject } of await gate.recover()) {
    log.error(
      { proposal: id, act, subject },
      'the execution of a proposal was cut short: it is not run again',
    );
  }
  const expiring = startPeriodicTask({
    tick: async () => void (await gate.expireDue()),
    everyMs: EVERY_MS,
    log,
    failure: 'what expired of proposals could not be written down; it is tried again',
  });
  return { gate, stop: () => expiring.stop() };
}
