import { type ActGateDeps, Gate } from '../../src/access/gate.ts';
import { VolatileProposals } from '../../src/access/store/proposals.ts';
import type { Actor, Operator, Role } from '../../src/kernel/actor.ts';
import { ACT_NAMES, type ActName, type AnyAct } from '../../src/kernel/acts.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import type { JsonObject } from '../../src/lib/json.ts';

export const START = 1_760_000_000;

export function operatorNamed(id: string, roles: readonly Role[] = ['operator', 'approver']): Operator {
  return { id, roles, createdAt: START, revokedAt: null };
}

export const actor = (operatorId: string): Actor => ({ operatorId, requestId: `req-${operatorId}` });

export interface Run {
  readonly act: ActName;
  readonly parameters: JsonObject;
  readonly actor: Actor;
}

/** The gate over acts that do nothing but write down that they were run, and over proposals in memory. */
export function actBench(change: Partial<ActGateDeps> = {}) {
  const state = {
    now: START,
    /** What every act finds there. */
    there: { value: 1 } as JsonObject,
    /** What its number of persons depends on: of each act, what makes it take two. */
    facts: { widens: true, gains: true, state: 'active' } as Record<string, unknown>,
    operators: [operatorNamed('alice'), operatorNamed('bob'), operatorNamed('carol', ['approver'])],
    failure: undefined as Error | undefined,
  };
  const runs: Run[] = [];
  const audited: AuditEvent[] = [];
  const record = async (event: AuditEvent) => {
    audited.push(event);
  };
  const proposals = {
    durable: new VolatileProposals({ record }),
    volatile: new VolatileProposals({ record }),
  };
  const actOf = (name: ActName): AnyAct => ({
    name,
    read: (given) => ({ asked: (given as { asked: string }).asked }),
    plan: ({ asked = null }) => ({
      subject: `thing:${asked}`,
      before: state.there,
      after: { value: asked },
      facts: state.facts,
    }),
    async execute(parameters, by) {
      if (state.failure) throw state.failure;
      runs.push({ act: name, parameters, actor: by });
      return { ran: parameters.asked ?? null };
    },
  });
  const gate = new Gate({
    acts: ACT_NAMES.map(actOf),
    operators: () => state.operators,
    proposals,
    clock: { nowSeconds: () => state.now },
    timeGuard: { requireSteadyTime() {} },
    twoPersons: true,
    lifetimeSeconds: 3_600,
    maxOpen: 5,
    maxOpenOfOne: 5,
    ...change,
  });
  return { gate, state, runs, audited, proposals };
}
