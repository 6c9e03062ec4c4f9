import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import { VolatileProposals } from './store/proposals.ts';
import type { OperatorAdministration } from '../kernel/actor.ts';
import type { ActGate, AnyAct } from '../kernel/acts.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { canDecideTogether } from '../kernel/proposal-refusals.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Gate } from './gate.ts';

const EVERY_MS = 60_000;
const MOST_PROPOSALS = 10_000;

interface GateRootDeps {
  readonly config: Config;
  /** Of all capabilities. */
  readonly acts: readonly AnyAct[];
  readonly operators: OperatorAdministration;
  readonly store: Pick<Store, 'proposals' | 'audit'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly timeGuard: TimeGuard;
  readonly log: Logger;
}

/** Every act of the operations plane, each behind the one gate; and what an earlier process left of proposals. */
export async function openGate(deps: GateRootDeps): Promise<{ gate: Gate; stop(): Promise<void> }> {
  const { config, acts, operators, store, metrics, clock, timeGuard, log } = deps;
  const gate = new Gate({
    acts,
    operators: () => operators.list(),
    proposals: { durable: store.proposals, volatile: new VolatileProposals(store.audit) },
    clock,
    timeGuard,
    twoPersons: config.two_persons,
    lifetimeSeconds: config.proposals.lifetime_seconds,
    maxOpen: config.proposals.max_open,
    maxOpenOfOne: config.proposals.max_open_per_operator,
  });
  if (config.two_persons && !canDecideTogether(operators.list())) {
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
  watchProposals(metrics, gate);
  return { gate, stop: () => expiring.stop() };
}

export function watchProposals(metrics: Pick<Metrics, 'watch'>, gate: Pick<ActGate, 'list'>): void {
  metrics.watch(
    'proposalsOpen',
    () => gate.list({ limit: MOST_PROPOSALS }).filter(({ state }) => state === 'open').length,
  );
}
