import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import type { OperatorAdministration } from '../kernel/actor.ts';
import type { AnyAct } from '../kernel/acts.ts';
import type { AuditTrail } from '../kernel/audit.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { Leadership } from '../kernel/registry.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { supplied } from '../server/route.ts';
import { createAccess } from './create-access.ts';
import { Gate, gateGauges } from './gate.ts';
import { canDecideTogether } from './proposal.ts';
import { clientActs } from './routes/client-acts.ts';
import { adminClientRoutes, adminGrantRoutes } from './routes/clients.ts';
import { operatorActs } from './routes/operator-acts.ts';
import { adminOperatorRoutes } from './routes/operators.ts';
import { adminProposalRoutes } from './routes/proposals.ts';
import { createAccessStore } from './store/access.ts';
import { createProposalStore, VolatileProposals } from './store/proposals.ts';
import { SharedProposals } from './store/shared-proposals.ts';

export { createAccess } from './create-access.ts';
export { outdated } from './proposal.ts';
export { createAccessStore, credentialTaken, isDecoy } from './store/access.ts';
export { VolatileProposals } from './store/proposals.ts';

export const ACCESS_ROUTES = {
  operations: [...adminClientRoutes, ...adminGrantRoutes, ...adminOperatorRoutes, ...adminProposalRoutes],
} as const;

interface AccessDeps {
  readonly store: Pick<Store, 'changes'>;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
}

/** Clients, operators and their grants. */
export function openAccess({ store, keyRing, clock }: AccessDeps) {
  const access = createAccess(
    createAccessStore(store.changes),
    clock,
    (id) => keyRing.scope(id) !== undefined,
  );
  const { clients, operators } = access;
  return {
    ...access,
    routes: { operations: supplied(ACCESS_ROUTES.operations, { clients, operators }) },
    acts: [...clientActs(clients, keyRing), ...operatorActs(operators)],
  };
}

const EVERY_MS = 60_000;
const FOLLOW_EVERY_MS = 1_000;

interface GateRootDeps {
  readonly config: Config;
  /** Of all capabilities. */
  readonly acts: readonly AnyAct[];
  readonly operators: OperatorAdministration;
  readonly store: Pick<Store, 'changes' | 'reader' | 'writer'>;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly timeGuard: TimeGuard;
  readonly leadership: Leadership;
  readonly events: EventRaiser;
  readonly log: Logger;
}

/** Every act of the operations plane, each behind the one gate; and what an earlier process left of proposals. */
export async function openGate(deps: GateRootDeps) {
  const { config, acts, operators, store, audit, clock, timeGuard, leadership, events, log } = deps;
  const shared = new SharedProposals({ ...store, clock });
  await shared.follow();
  const gate = new Gate({
    acts,
    operators: () => operators.list(),
    proposals: {
      durable: createProposalStore(store.changes, clock),
      volatile: new VolatileProposals(audit),
      shared,
    },
    clock,
    timeGuard,
    twoPersons: config.two_persons,
    lifetimeSeconds: config.proposals.lifetime_seconds,
    maxOpen: config.proposals.max_open,
    maxOpenOfOne: config.proposals.max_open_per_operator,
  });
  const together = canDecideTogether(operators.list());
  if (config.two_persons && !together) {
    log.error('nobody can approve what another operator proposes: enrol others with keyward init --operator');
  }
  // Where there never were two, this is how a service begins; the log says it at each start.
  if (!config.two_persons && together) {
    events.raise(securityEvent('service.single_operator', { since: clock.nowSeconds() }));
  }
  const recover = async () => {
    for (const { id, act, subject } of await gate.recover(leadership)) {
      log.error(
        { proposal: id, act, subject },
        'the execution of a proposal was cut short: it is not run again',
      );
    }
  };
  await recover();
  const tasks = [
    startPeriodicTask({
      tick: () => shared.follow(),
      everyMs: FOLLOW_EVERY_MS,
      log,
      failure: 'what other fronts did about proposals could not be read; it is tried again',
    }),
    startPeriodicTask({
      tick: async () => void (await gate.expireDue(leadership)),
      everyMs: EVERY_MS,
      log,
      failure: 'what expired of proposals could not be written down; it is tried again',
    }),
    startPeriodicTask({
      tick: recover,
      everyMs: EVERY_MS,
      log,
      failure: 'what was cut short of proposals could not be written down; it is tried again',
    }),
  ];
  return {
    gate,
    gauges: gateGauges(gate),
    async stop() {
      await Promise.all(tasks.map((task) => task.stop()));
    },
  };
}
