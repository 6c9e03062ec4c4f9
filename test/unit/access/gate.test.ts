import { describe, expect, it, vi } from 'vitest';
import { VolatileProposals } from '../../../src/access/store/proposals.ts';
import { ROLES, type Role } from '../../../src/kernel/actor.ts';
import { ACT_NAMES, ACTS, type ProposalState, personsFor } from '../../../src/kernel/acts.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { UnfinishedWork } from '../../../src/kernel/registry.ts';
import { proposalSample } from '../../contract/proposal-store-contract.ts';
import { actBench, actor, operatorNamed, START } from '../../support/act-bench.ts';
import { SOLE_OWNER, switchedLeadership } from '../../support/leadership.ts';

const code = (expected: string) => expect.objectContaining({ name: 'KeywardError', code: expected });
const BY_ALICE = { parameters: { asked: 'it' }, actor: actor('alice') };

async function proposed(
  bench: ReturnType<typeof actBench>,
  act: (typeof ACT_NAMES)[number] = 'client.create',
) {
  const outcome = await bench.gate.ask({ act, ...BY_ALICE });
  if (!('proposal' in outcome)) throw new Error('no proposal was opened');
  return outcome.proposal;
}

const ROLE_SETS: readonly (readonly Role[])[] = [
  ...ROLES.map((role) => [role]),
  ['approver', 'auditor'],
  ['operator', 'approver'],
];
const PAIRS = ACT_NAMES.flatMap((act) => ROLE_SETS.map((roles) => [act, roles] as const));

describe('who may ask', () => {
  it.each(PAIRS)('for %s with the roles %j', async (act, roles) => {
    const bench = actBench();
    bench.state.operators = [operatorNamed('alice', roles), operatorNamed('bob')];
    const asked = bench.gate.ask({ act, ...BY_ALICE });
    if (!roles.includes(ACTS[act].role)) {
      await expect(asked).rejects.toEqual(code('role_missing'));
      expect([bench.runs, bench.audited]).toEqual([[], []]);
      return;
    }
    const persons = personsFor(act, bench.state.facts as never);
    expect(Object.keys(await asked)).toEqual([persons === 2 ? 'proposal' : 'done']);
    expect(bench.runs).toHaveLength(persons === 2 ? 0 : 1);
  });

  it('is nobody who is revoked or unknown', async () => {
    const bench = actBench();
    bench.state.operators = [{ ...operatorNamed('alice'), revokedAt: START }];
    for (const operatorId of ['alice', 'mallory']) {
      const asked = bench.gate.ask({ act: 'grant.remove', parameters: {}, actor: actor(operatorId) });
      await expect(asked).rejects.toEqual(code('role_missing'));
    }
  });
});

describe('what one person asks for', () => {
  it('runs at once where one is enough', async () => {
    const { gate, runs } = actBench();
    expect(await gate.ask({ act: 'client.revoke', ...BY_ALICE })).toEqual({ done: { ran: 'it' } });
    expect(runs).toEqual([
      { act: 'client.revoke', parameters: { asked: 'it' }, actor: { ...actor('alice'), alone: true } },
    ]);
  });

  it('becomes a proposal where it takes two, with what it would change and who may approve it', async () => {
    const bench = actBench();
    const proposal = await proposed(bench);
    expect(proposal).toEqual({
      id: expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{16}$/),
      act: 'client.create',
      subject: 'thing:it',
      parameters: { asked: 'it' },
      before: { value: 1 },
      after: { value: 'it' },
      proposedBy: 'alice',
      proposedAt: START,
      expiresAt: START + 3_600,
      state: 'open',
      decidedBy: null,
      decidedAt: null,
      failure: null,
      approvers: ['bob', 'carol'],
    });
    expect(bench.runs).toEqual([]);
    expect(bench.audited).toEqual([
      {
        type: 'proposal.opened',
        actor: 'alice',
        subject: `proposal:${proposal.id}`,
        requestId: 'req-alice',
        details: {
          act: 'client.create',
          subject: 'thing:it',
          parameters: { asked: 'it' },
          changes: [{ member: 'value', from: 1, to: 'it' }],
          expires_at: START + 3_600,
        },
      },
    ]);
  });

  it('is one proposal however often it is asked for, and another for another person or another wish', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    expect((await proposed(bench)).id).toBe(id);
    await bench.gate.ask({ act: 'client.create', ...BY_ALICE, actor: actor('bob') });
    await bench.gate.ask({ act: 'client.create', ...BY_ALICE, parameters: { asked: 'other' } });
    expect(bench.gate.list({ limit: 10 })).toHaveLength(3);
  });

  it('runs at once in single-operator mode, whatever it is', async () => {
    const { gate, runs } = actBench({ twoPersons: false });
    for (const act of ACT_NAMES) await gate.ask({ act, ...BY_ALICE });
    expect(runs.map(({ act }) => act)).toEqual(ACT_NAMES);
    expect(runs.some(({ actor }) => actor.alone)).toBe(false);
    expect(gate.list({ limit: 10 })).toEqual([]);
  });

  it('waits only in bounded number', async () => {
    const bench = actBench({ maxOpen: 2 });
    const { id } = await proposed(bench);
    const ask = (asked: string) =>
      bench.gate.ask({ act: 'client.create', parameters: { asked }, actor: actor('alice') });
    await ask('second');
    await expect(ask('third')).rejects.toEqual(code('too_many_proposals'));
    await bench.gate.withdraw(id, actor('alice'));
    expect(Object.keys(await ask('third'))).toEqual(['proposal']);
  });

  it('of one operator, leaves room for those of another', async () => {
    const { gate } = actBench({ maxOpen: 5, maxOpenOfOne: 2 });
    const ask = (operator: string, asked: string) =>
      gate.ask({ act: 'client.create', parameters: { asked }, actor: actor(operator) });
    await Promise.all(['first', 'second'].map((asked) => ask('alice', asked)));
    await expect(ask('alice', 'third')).rejects.toMatchObject({
      code: 'too_many_proposals',
      message: expect.stringContaining('proposals of yours'),
    });
    expect(Object.keys(await ask('bob', 'third'))).toEqual(['proposal']);
    expect(Object.keys(await ask('alice', 'second'))).toEqual(['proposal']);
  });
});

describe('an approval', () => {
  it('by another operator runs the act, in the name of who proposed it', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    const { proposal, result } = await bench.gate.approve(id, actor('carol'));
    expect(result).toEqual({ ran: 'it' });
    expect(proposal).toMatchObject({
      state: 'executed',
      decidedBy: 'carol',
      decidedAt: START,
      approvers: [],
    });
    expect(bench.runs).toEqual([
      {
        act: 'client.create',
        parameters: { asked: 'it' },
        actor: {
          operatorId: 'alice',
          requestId: 'req-carol',
          approval: { proposalId: id, approvedBy: 'carol' },
        },
      },
    ]);
    expect(bench.audited.map(({ type, actor: who, details }) => [type, who, details.approved_by])).toEqual([
      ['proposal.opened', 'alice', undefined],
      ['proposal.approved', 'carol', undefined],
      ['proposal.executed', 'alice', 'carol'],
    ]);
  });

  it('of one’s own proposal is refused, whatever the roles; another’s is not', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    await expect(bench.gate.approve(id, actor('alice'))).rejects.toEqual(code('self_approval'));
    expect(bench.gate.show(id).state).toBe('open');
    await bench.gate.approve(id, actor('bob'));
    expect(bench.runs).toHaveLength(1);
  });

  it.each(ROLE_SETS)('takes the role approver: %j', async (...roles) => {
    const bench = actBench();
    const { id } = await proposed(bench);
    bench.state.operators = [operatorNamed('alice'), operatorNamed('dan', roles)];
    const approved = bench.gate.approve(id, actor('dan'));
    const rejected = async () => bench.gate.reject((await proposed(bench, 'grant.add')).id, actor('dan'));
    if (roles.includes('approver')) {
      expect((await approved).proposal.state).toBe('executed');
      expect((await rejected()).state).toBe('refused');
    } else {
      await expect(approved).rejects.toEqual(code('role_missing'));
      await expect(rejected()).rejects.toEqual(code('role_missing'));
    }
  });

  it('by two at the same moment runs the act once', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    const both = await Promise.allSettled([
      bench.gate.approve(id, actor('bob')),
      bench.gate.approve(id, actor('carol')),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { code: 'proposal_executed' } });
    expect(bench.runs).toHaveLength(1);
  });

  it('is refused of what is unknown, and of what is expired, to the second', async () => {
    const bench = actBench();
    const { id, expiresAt } = await proposed(bench);
    await expect(bench.gate.approve('0'.repeat(16), actor('bob'))).rejects.toEqual(code('unknown_proposal'));
    bench.state.now = expiresAt;
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code('proposal_expired'));
    expect(bench.gate.show(id)).toMatchObject({ state: 'expired', approvers: [] });
    bench.state.now = expiresAt - 1;
    await bench.gate.approve(id, actor('bob'));
    expect(bench.runs).toHaveLength(1);
  });

  it('fails for good where things have changed since, and says so', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    bench.state.there = { value: 2 };
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code('proposal_outdated'));
    expect(bench.gate.show(id)).toMatchObject({
      state: 'failed',
      decidedBy: 'bob',
      failure: { code: 'proposal_outdated' },
    });
    bench.state.there = { value: 1 };
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code('proposal_closed'));
    expect(bench.runs).toEqual([]);
  });

  it('of what another front may find is refused where it is not found, and stays open', async () => {
    const bench = actBench();
    const { shared, elsewhere } = sharedWith(bench);
    const { id } = await proposed(bench, 'hsm.clear_pin_latch');
    bench.state.there = { value: 2 };
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toMatchObject({
      code: 'proposal_outdated',
      message: expect.stringContaining('Approve it at the front'),
    });
    expect(bench.gate.show(id).state).toBe('open');
    bench.state.there = { value: 1 };
    await bench.gate.approve(id, actor('bob'));
    expect([shared.find(id)?.state, elsewhere.length]).toEqual(['executed', 0]);
  });

  it('finds what was opened or decided at another front a moment ago', async () => {
    const bench = actBench();
    const { shared, elsewhere } = sharedWith(bench);
    const { id } = await proposed(bench, 'hsm.clear_pin_latch');
    const found = proposalSample('found', { ...shared.find(id), id: 'found' });
    elsewhere.push(() => shared.add(found, actor('alice')));
    await bench.gate.approve('found', actor('bob'));
    elsewhere.push(() => shared.move(id, 'open', { state: 'refused' }, actor('carol')));
    for (const decision of ['approve', 'reject', 'withdraw'] as const) {
      const by = actor(decision === 'withdraw' ? 'alice' : 'bob');
      await expect(bench.gate[decision](id, by)).rejects.toEqual(code('proposal_closed'));
    }
    expect(bench.runs).toHaveLength(1);
  });

  it.each([
    ['revoked', { ...operatorNamed('alice'), revokedAt: START }],
    ['without the role', operatorNamed('alice', ['approver'])],
  ])('fails where whoever proposed it is %s by now', async (_, alice) => {
    const bench = actBench();
    const { id } = await proposed(bench);
    bench.state.operators = [alice, operatorNamed('bob')];
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code('proposer_gone'));
    expect(bench.gate.show(id).state).toBe('failed');
    expect(bench.runs).toEqual([]);
  });

  it.each([
    ['who approved it', 'bob', 'role_missing'],
    ['who proposed it', 'alice', 'proposer_gone'],
  ])('does not run where %s was revoked while the approval was written down', async (_, who, refusal) => {
    const bench = actBench();
    const { id } = await proposed(bench);
    const { durable } = bench.proposals;
    const move = durable.move.bind(durable);
    durable.move = async (...args) => {
      await move(...args);
      bench.state.operators = bench.state.operators.map((each) =>
        each.id === who ? { ...each, revokedAt: START } : each,
      );
    };
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code(refusal));
    expect(bench.runs).toEqual([]);
    expect(bench.gate.show(id)).toMatchObject({ state: 'failed', failure: { code: refusal } });
  });

  it('tells why the act failed, and it is not run again', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    bench.state.failure = new KeywardError('hsm_refused', 'no room');
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toBe(bench.state.failure);
    expect(bench.gate.show(id)).toMatchObject({
      state: 'failed',
      failure: { code: 'hsm_refused', detail: 'no room' },
    });
    bench.state.failure = undefined;
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code('proposal_closed'));
  });

  it('waits until the clock can be believed', async () => {
    const { bench, jump, doubt } = doubtedClock();
    const { id } = await proposed(bench);
    doubt();
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toBe(jump);
    expect(bench.gate.show(id).state).toBe('open');
  });
});

/** Gives the bench proposals of all fronts; `elsewhere`: what others did that it follows next. */
function sharedWith(bench: ReturnType<typeof actBench>) {
  const elsewhere: (() => Promise<void>)[] = [];
  const shared = Object.assign(new VolatileProposals({ record: async () => {} }), {
    async follow() {
      for (const did of elsewhere.splice(0)) await did();
    },
  });
  Object.assign(bench.proposals, { shared });
  return { shared, elsewhere };
}

function doubtedClock(change: Parameters<typeof actBench>[0] = {}) {
  const jump = new KeywardError('clock_ahead', 'wait');
  let doubted = false;
  const timeGuard = {
    requireSteadyTime() {
      if (doubted) throw jump;
    },
  };
  return { bench: actBench({ ...change, timeGuard }), jump, doubt: () => (doubted = true) };
}

describe('while the clock is doubted', () => {
  const RESTRICTS = [
    'client.revoke',
    'grant.remove',
    'operator.revoke',
    'key.suspend',
    'key.compromise',
    'hsm.compromise',
    'revocation.add',
  ];

  it.each(ACT_NAMES)('%s is refused unless it only restricts or confirms the clock', async (act) => {
    for (const twoPersons of [true, false]) {
      const { bench, jump, doubt } = doubtedClock({ twoPersons });
      doubt();
      const asked = bench.gate.ask({ act, ...BY_ALICE });
      if (RESTRICTS.includes(act) || act === 'clock.confirm') await asked;
      else await expect(asked).rejects.toBe(jump);
      expect(bench.runs).toHaveLength(
        RESTRICTS.includes(act) || (!twoPersons && act === 'clock.confirm') ? 1 : 0,
      );
    }
  });

  it('two persons confirm the clock, and nobody does alone', async () => {
    const { bench, doubt } = doubtedClock();
    doubt();
    const { id } = await proposed(bench, 'clock.confirm');
    await expect(bench.gate.approve(id, actor('alice'))).rejects.toEqual(code('self_approval'));
    await bench.gate.approve(id, actor('bob'));
    expect(bench.runs.map(({ act }) => act)).toEqual(['clock.confirm']);
  });

  it('no proposal expires', async () => {
    const { bench, jump, doubt } = doubtedClock();
    const { id } = await proposed(bench);
    doubt();
    bench.state.now += 3_601;
    await expect(bench.gate.expireDue(SOLE_OWNER)).rejects.toBe(jump);
    expect(bench.audited.filter(({ type }) => type === 'proposal.expired')).toEqual([]);
    expect(id).toBeTruthy();
  });
});

describe('a proposal', () => {
  it('is withdrawn by who proposed it alone', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    await expect(bench.gate.withdraw(id, actor('bob'))).rejects.toEqual(code('not_your_proposal'));
    expect((await bench.gate.withdraw(id, actor('alice'))).state).toBe('withdrawn');
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code('proposal_closed'));
  });

  const ENDS: readonly ProposalState[] = ['executed', 'refused', 'withdrawn', 'expired', 'failed'];
  it.each(ENDS)('that is %s stays so', async (end) => {
    const bench = actBench();
    const { id } = await proposed(bench);
    if (end === 'executed' || end === 'failed') {
      await bench.proposals.durable.move(id, 'open', { state: 'executing' }, actor('bob'));
    }
    const from = end === 'executed' || end === 'failed' ? 'executing' : 'open';
    await bench.proposals.durable.move(id, from, { state: end }, actor('bob'));
    const closed = { executed: 'proposal_executed', expired: 'proposal_expired' }[end as 'expired'];
    for (const decision of ['approve', 'reject', 'withdraw'] as const) {
      const by = actor(decision === 'withdraw' ? 'alice' : 'bob');
      await expect(bench.gate[decision](id, by)).rejects.toEqual(code(closed ?? 'proposal_closed'));
    }
    expect(bench.gate.show(id).state).toBe(end);
  });

  it('that was being executed when the process ended is never run again, and one that another is at stays', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    await bench.proposals.durable.move(id, 'open', { state: 'executing' }, actor('bob'));
    const { state, leadership } = switchedLeadership(true);
    state.isAbandoned = () => false;
    expect(await bench.gate.recover(leadership)).toEqual([]);
    expect(bench.gate.show(id).state).toBe('executing');
    state.isAbandoned = (work) => work.kind === 'proposal' && work.id === id;
    expect((await bench.gate.recover(leadership)).map((cut) => cut.id)).toEqual([id]);
    expect(bench.gate.show(id)).toMatchObject({ state: 'failed', failure: { code: 'proposal_interrupted' } });
    await expect(bench.gate.approve(id, actor('bob'))).rejects.toEqual(code('proposal_closed'));
    expect(await bench.gate.recover(leadership)).toEqual([]);
    expect(bench.runs).toEqual([]);
  });

  it('that was cut short is for the process that leads, which is asked since when it was being executed', async () => {
    const bench = actBench();
    const { id } = await proposed(bench);
    const decidedAt = START + 9;
    await bench.proposals.durable.move(id, 'open', { state: 'executing', decidedAt }, actor('bob'));
    const { state, leadership } = switchedLeadership();
    const asked: UnfinishedWork[] = [];
    state.isAbandoned = (work) => asked.push(work) > 0;
    expect([await bench.gate.recover(leadership), asked]).toEqual([[], []]);
    state.isLeading = true;
    expect((await bench.gate.recover(leadership)).map((cut) => cut.id)).toEqual([id]);
    expect(asked).toEqual([{ kind: 'proposal', id, since: decidedAt }]);
  });

  it('that is being executed here is not cut short', async () => {
    const executing = Promise.withResolvers<void>();
    const bench = actBench();
    const { id } = await proposed(bench);
    const durable = bench.proposals.durable;
    const move = durable.move.bind(durable);
    vi.spyOn(durable, 'move').mockImplementation(async (...given) => {
      if (given[1] === 'executing') await executing.promise;
      await move(...given);
    });
    const approved = bench.gate.approve(id, actor('bob'));
    await vi.waitFor(() => expect(bench.gate.show(id).state).toBe('executing'));
    const recovered = bench.gate.recover(SOLE_OWNER);
    executing.resolve();
    expect((await approved).proposal.state).toBe('executed');
    expect(await recovered).toEqual([]);
  });

  it('of this front alone expires where it is, and another by the process that leads', async () => {
    const bench = actBench();
    sharedWith(bench);
    const { id, expiresAt } = await proposed(bench);
    const { id: ofAll } = await proposed(bench, 'hsm.clear_pin_latch');
    const { id: inMemory } = await proposed(bench, 'clock.confirm');
    const { state, leadership } = switchedLeadership();
    bench.state.now = expiresAt;
    const expired = () =>
      bench.audited.flatMap(({ type, subject }) => (type === 'proposal.expired' ? [subject] : []));
    expect([await bench.gate.expireDue(leadership), expired()]).toEqual([1, [`proposal:${inMemory}`]]);
    state.isLeading = true;
    expect(await bench.gate.expireDue(leadership)).toBe(2);
    expect(expired()).toEqual([`proposal:${inMemory}`, `proposal:${id}`]);
    expect(bench.gate.show(ofAll)).toMatchObject({ decidedBy: 'keyward', decidedAt: expiresAt });
  });

  it('that another front was quicker with keeps no other from expiring, and is told of', async () => {
    const bench = actBench();
    const { id: overtaken } = await proposed(bench);
    const { id } = await proposed(bench, 'grant.add');
    const { durable } = bench.proposals;
    const move = durable.move.bind(durable);
    const quicker = new KeywardError('proposal_executed', 'executed already');
    durable.move = async (...given) => {
      if (given[0] === overtaken) throw quicker;
      await move(...given);
    };
    bench.state.now += 3_600;
    await expect(bench.gate.expireDue(SOLE_OWNER)).rejects.toBe(quicker);
    expect([durable.find(overtaken)?.state, durable.find(id)?.state]).toEqual(['open', 'expired']);
  });

  it('that another front was quicker with keeps no other from being found cut short', async () => {
    const bench = actBench();
    const { id: overtaken } = await proposed(bench);
    const { id } = await proposed(bench, 'grant.add');
    const { durable } = bench.proposals;
    for (const each of [overtaken, id])
      await durable.move(each, 'open', { state: 'executing' }, actor('bob'));
    const move = durable.move.bind(durable);
    const quicker = new KeywardError('proposal_executed', 'executed already');
    durable.move = async (...given) => {
      if (given[0] === overtaken) throw quicker;
      await move(...given);
    };
    await expect(bench.gate.recover(SOLE_OWNER)).rejects.toBe(quicker);
    expect([durable.find(overtaken)?.state, durable.find(id)?.state]).toEqual(['executing', 'failed']);
  });

  it('that expired is written down as such, once', async () => {
    const bench = actBench();
    const { id, expiresAt } = await proposed(bench);
    expect(await bench.gate.expireDue(SOLE_OWNER)).toBe(0);
    bench.state.now = expiresAt;
    expect([await bench.gate.expireDue(SOLE_OWNER), await bench.gate.expireDue(SOLE_OWNER)]).toEqual([1, 0]);
    expect(bench.audited.at(-1)).toMatchObject({ type: 'proposal.expired', actor: 'keyward' });
    expect(bench.gate.show(id)).toMatchObject({ decidedBy: 'keyward', decidedAt: expiresAt });
  });

  it('is listed with the others, the newest first, page by page', async () => {
    const bench = actBench();
    for (const asked of ['one', 'two', 'three']) {
      await bench.gate.ask({ act: 'client.create', parameters: { asked }, actor: actor('alice') });
      bench.state.now += 1;
    }
    await bench.gate.ask({ act: 'hsm.clear_pin_latch', ...BY_ALICE });
    const subjects = (after?: string) =>
      bench.gate.list({ after, limit: 2 }).map(({ id, subject }) => [id, subject] as const);
    const first = subjects();
    expect(first.map(([, subject]) => subject)).toEqual(['thing:it', 'thing:three']);
    expect(subjects(first[1]?.[0]).map(([, subject]) => subject)).toEqual(['thing:two', 'thing:one']);
    const inState = (state: 'open' | 'refused') => bench.gate.list({ limit: 9, state }).length;
    expect([inState('open'), inState('refused')]).toEqual([4, 0]);
    expect(() => bench.gate.list({ after: 'nowhere', limit: 2 })).toThrow(code('unknown_proposal'));
  });
});
