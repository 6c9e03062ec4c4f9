import type { Logger } from 'pino';
import type { Access } from './access/create-access.ts';
import { Gate } from './access/gate.ts';
import type { Config } from './config.ts';
import type { Store } from './db/open-store.ts';
import { VolatileProposals } from './db/volatile-proposals.ts';
import type { AnyAct } from './domain/act-gate.ts';
import type { Clock, TimeGuard } from './kernel/clock.ts';
import { canDecideTogether } from './domain/two-persons.ts';
import { startPeriodicTask } from './lib/periodic-task.ts';
import { administrativeActs } from './api/acts.ts';
import type { CanaryActParts } from './server/acts/canary-acts.ts';
import type { ClockActParts } from './server/acts/clock-acts.ts';
import type { KeyActParts } from './keys/routes/key-acts.ts';
import type { LedgerActParts } from './ledger/routes/erase.ts';
import type { PinLatchActParts } from './server/acts/pin-latch-acts.ts';
import type { ProbeActParts } from './probes/routes-acts.ts';
import type { RotationActParts } from './server/acts/rotation-acts.ts';
import type { ScopeActParts } from './keys/routes/scope-acts.ts';

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
