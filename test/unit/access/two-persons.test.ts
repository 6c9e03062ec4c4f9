import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ACT_NAMES, personsFor } from '../../../src/kernel/acts.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { actBench, actor, operatorNamed } from '../../support/act-bench.ts';
import { SOLE_OWNER } from '../../support/leadership.ts';

const PEOPLE = ['alice', 'bob', 'carol', 'dan'];
const person = fc.constantFrom(...PEOPLE);
const nth = fc.nat({ max: 5 });

const step = fc.oneof(
  fc.record({ do: fc.constant('ask' as const), who: person, act: fc.constantFrom(...ACT_NAMES), asked: nth }),
  fc.record({
    do: fc.constantFrom('approve' as const, 'reject' as const, 'withdraw' as const),
    who: person,
    nth,
  }),
  fc.record({ do: fc.constant('at the same moment' as const), who: fc.array(person, { maxLength: 4 }), nth }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.nat({ max: 4_000 }) }),
  fc.record({ do: fc.constantFrom('sweep' as const, 'recover' as const) }),
  fc.record({ do: fc.constant('change' as const), value: fc.nat({ max: 2 }) }),
  fc.record({
    do: fc.constant('roles' as const),
    who: person,
    roles: fc.subarray(['operator', 'approver', 'auditor'] as const),
  }),
  fc.record({ do: fc.constant('revoke' as const), who: person }),
  fc.record({ do: fc.constant('fail' as const), fails: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Refusals are part of a history; whatever else is thrown is not. */
async function settled(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof KeywardError)) throw error;
  });
}

type Bench = ReturnType<typeof actBench>;

async function take({ gate, state }: Bench, step: Step): Promise<void> {
  const proposal = 'nth' in step ? gate.list({ limit: 100 })[step.nth]?.id : undefined;
  switch (step.do) {
    case 'ask':
      await settled(
        gate.ask({ act: step.act, parameters: { asked: String(step.asked) }, actor: actor(step.who) }),
      );
      break;
    case 'at the same moment':
      await Promise.all(step.who.map((who) => settled(gate.approve(proposal ?? '', actor(who)))));
      break;
    case 'approve':
    case 'reject':
    case 'withdraw':
      await settled(gate[step.do](proposal ?? '', actor(step.who)));
      break;
    case 'wait':
      state.now += step.seconds;
      break;
    case 'sweep':
      await gate.expireDue(SOLE_OWNER);
      break;
    case 'recover':
      await gate.recover(SOLE_OWNER);
      break;
    case 'change':
      state.there = { value: step.value };
      break;
    case 'roles':
      state.operators = state.operators.map((each) =>
        each.id === step.who ? { ...each, roles: step.roles } : each,
      );
      break;
    case 'revoke':
      state.operators = state.operators.map((each) =>
        each.id === step.who ? { ...each, revokedAt: state.now } : each,
      );
      break;
    case 'fail':
      state.failure = step.fails ? new KeywardError('hsm_unavailable', 'away') : undefined;
  }
}

it('over random histories nothing that takes two is ever done by one, nor twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (history) => {
      const bench = actBench();
      bench.state.operators = PEOPLE.map((id) => operatorNamed(id));
      for (const each of history) await take(bench, each);
      for (const { act, actor: by } of bench.runs) {
        if (personsFor(act, bench.state.facts as never) === 1) continue;
        expect(by.approval).toBeDefined();
        expect(by.approval?.approvedBy).not.toBe(by.operatorId);
      }
      const ids = bench.runs.flatMap(({ actor: by }) => by.approval?.proposalId ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      const executed = bench.gate.list({ limit: 1_000 }).filter(({ state }) => state === 'executed');
      for (const { id, proposedBy, decidedBy } of executed) {
        expect(ids).toContain(id);
        expect(decidedBy).not.toBe(proposedBy);
      }
    }),
    { numRuns: 300 },
  );
});
