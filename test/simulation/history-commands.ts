import fc, { type AsyncCommand } from 'fast-check';
import { expect } from 'vitest';
import { PROPOSAL_SECONDS } from './administered-service.ts';
import { CLIENTS, type History, refusalOf } from './history.ts';
import {
  activeOf,
  type HistoryModel,
  isExecutable,
  type ModelKey,
  type ModelProposal,
  mayRotate,
  refusalOfIssuing,
  snapshot,
  standbysOf,
} from './history-model.ts';

export type Step = AsyncCommand<HistoryModel, History>;

function step(
  name: string,
  can: (model: HistoryModel) => boolean,
  take: (model: HistoryModel, history: History) => Promise<void>,
): Step {
  return {
    check: can,
    async run(model, history) {
      await take(model, history);
      await history.check(model);
    },
    toString: () => name,
  };
}

const by = (operatorId: string) => ({ operatorId, requestId: null });
const pick = fc.nat({ max: 11 });
const operator = fc.constantFrom('alice', 'bob', 'dan');
const approver = fc.constantFrom('alice', 'bob', 'carol', 'dan');
const approvers = fc.array(approver, { maxLength: 2 });
const always = () => true;

function nth<T>(all: Iterable<T>, n: number): T {
  const list = [...all];
  return list[n % list.length] as T;
}

const scopeOf = ({ scopes }: HistoryModel, n: number) => nth(scopes, n);
const keyOf = ({ keys }: HistoryModel, n: number) => nth(keys.values(), n);

/** One of those that the step is for, where there are any. */
function keyIn({ keys }: HistoryModel, states: readonly ModelKey['state'][], n: number): ModelKey {
  const all = [...keys.values()];
  const apt = all.filter(({ state }) => states.includes(state));
  return nth(n % 4 > 0 && apt.length > 0 ? apt : all, n);
}

function proposalOf({ proposals }: HistoryModel, n: number): ModelProposal {
  const open = proposals.filter(({ isOpen }) => isOpen);
  return nth(n % 4 > 0 && open.length > 0 ? open : proposals, n);
}

const issue = fc.tuple(pick, fc.constantFrom(...CLIENTS)).map(([n, client]) =>
  step(`issue in ${n} for ${client}`, always, async (model, history) => {
    const [scopeId, clientId] = [scopeOf(model, n), history.clientId(client)];
    const issued = history.parts.issuer.issue({ scopeId, clientId, claims: { sub: 'alice' } });
    const refusal = await refusalOf(issued);
    expect(refusal, 'why it is not issued').toBe(refusalOfIssuing(model, scopeId, clientId));
    if (refusal) return;
    const { token: text, ...named } = await issued;
    expect(named.kid).toBe(activeOf(model, scopeId)?.kid);
    model.tokens.push({ ...named, text, scopeId, clientId, revoked: false });
  }),
);

const verifyAll = fc.constant(
  step(
    'verify all',
    ({ tokens }) => tokens.length > 0,
    async (model, history) => {
      for (const token of model.tokens) await history.checkToken(model, token);
    },
  ),
);

/** Mostly with the scope's own key. */
const forge = fc.tuple(pick, pick).map(([n, of]) =>
  step(`forge in ${n} with ${of}`, always, async (model, history) => {
    const scopeId = scopeOf(model, n);
    const { kid } = (of % 4 > 0 ? activeOf(model, scopeId) : undefined) ?? keyOf(model, of);
    const { valid } = await history.parts.verifier.verify(scopeId, history.forge(scopeId, kid));
    expect(valid, 'a forged token is accepted').toBe(false);
  }),
);

const wait = fc.constantFrom(0, 1, 60, 330, 3_600, 4_000, 86_400, 6 * 86_400).map((seconds) =>
  step(`wait ${seconds} s`, always, async (model, history) => {
    model.now += seconds;
    history.service.clock.moveTo(model.now);
    await history.reconcile(model);
  }),
);

const rotate = fc.tuple(pick, operator).map(([n, who]) =>
  step(`rotate ${n}`, always, async (model, history) => {
    const scopeId = scopeOf(model, n);
    const asked = history.parts.gate.ask({
      act: 'key.rotate',
      parameters: { scope: scopeId },
      actor: by(who),
    });
    const expected = mayRotate(model, scopeId);
    expect((await refusalOf(asked)) === undefined, 'a rotation').toBe(expected);
    if (expected) succeed(model, history, scopeId, 'deactivated');
  }),
);

/** The standby signs, and the key that did is something else. */
function succeed(model: HistoryModel, history: History, scopeId: string, after: ModelKey['state']): void {
  const former = activeOf(model, scopeId);
  const standbys = standbysOf(model, scopeId);
  if (former) former.state = after;
  const started = history.service.keyRing.activeKey(scopeId);
  expect(started === undefined, 'nothing signs').toBe(standbys.length === 0);
  if (!started) return;
  expect(standbys.map(({ kid }) => kid)).toContain(started.kid);
  const { kid, state, signUntil, publishedAt } = started;
  model.keys.set(kid, { kid, scopeId, state, signUntil, publishedAt });
}

/** Mostly one that signed a token lately. */
function keyInUse(model: HistoryModel, n: number): ModelKey {
  const { kid = '' } = model.tokens.at(-1 - (n % 3)) ?? {};
  return (n % 2 > 0 ? model.keys.get(kid) : undefined) ?? keyIn(model, ['active', 'suspended'], n);
}

const EMERGENCIES = {
  'key.suspend': { after: 'suspended', final: ['compromised', 'destroyed'] },
  'key.compromise': { after: 'compromised', final: ['destroyed'] },
} as const;

const emergency = fc
  .tuple(fc.constantFrom('key.suspend' as const, 'key.compromise' as const), pick, operator)
  .map(([act, n, who]) =>
    step(`${act} ${n}`, always, async (model, history) => {
      const { after, final } = EMERGENCIES[act];
      const key = keyInUse(model, n);
      const parameters = { kid: key.kid, reason: 'seen elsewhere' };
      const refusal = await refusalOf(history.parts.gate.ask({ act, parameters, actor: by(who) }));
      const isFinal = (final as readonly string[]).includes(key.state);
      expect(refusal, act).toBe(isFinal ? 'transition_forbidden' : undefined);
      if (isFinal) return;
      if (key.state === 'active') succeed(model, history, key.scopeId, after);
      key.state = after;
    }),
  );

const proposeScope = fc.tuple(fc.constantFrom('c', 'd'), operator, approvers).map(([name, who, people]) =>
  step(`propose scope ${name} as ${who}, approved by ${people}`, always, async (model, history) => {
    const about = history.scopeId(name);
    const parameters = { id: about, issuer: 'https://id.example', audience: `https://${about}.example` };
    const allowed = !model.scopes.has(about);
    const proposal = await propose(model, history, { act: 'scope.create', about, parameters, who, allowed });
    if (proposal) await approve(model, history, proposal, people);
  }),
);

const PROPOSED: Readonly<Record<'key.resume' | 'key.destroy', readonly ModelKey['state'][]>> = {
  'key.resume': ['suspended'],
  'key.destroy': ['pre_activation', 'suspended'],
};
/** One person may destroy the private half. */
const SPENT: readonly ModelKey['state'][] = ['deactivated', 'compromised', 'destroyed'];

const proposeKey = fc
  .tuple(fc.constantFrom('key.resume' as const, 'key.destroy' as const), pick, operator, approvers)
  .map(([act, n, who, people]) =>
    step(
      `propose ${act} ${n} as ${who}, approved by ${people}`,
      (model) => act === 'key.resume' || !SPENT.includes(keyIn(model, PROPOSED[act], n).state),
      async (model, history) => {
        const { kid: about, state } = keyIn(model, PROPOSED[act], n);
        const parameters = { kid: about, reason: 'looked into' };
        const allowed = PROPOSED[act].includes(state);
        const proposal = await propose(model, history, { act, about, parameters, who, allowed });
        if (proposal) await approve(model, history, proposal, people);
      },
    ),
  );

interface Asked extends Pick<ModelProposal, 'act' | 'about'> {
  readonly parameters: object;
  readonly who: string;
  readonly allowed: boolean;
}

async function propose(
  model: HistoryModel,
  history: History,
  { act, about, parameters, who, allowed }: Asked,
): Promise<ModelProposal | undefined> {
  const asked = history.parts.gate.ask({ act, parameters, actor: by(who) });
  expect((await refusalOf(asked)) === undefined, `proposing ${act}`).toBe(allowed);
  if (!allowed) return undefined;
  const outcome = await asked;
  if (!('proposal' in outcome)) throw new Error(`${act} was done before it was approved`);
  const { id } = outcome.proposal;
  const same = model.proposals.find((known) => known.id === id);
  if (same) return same;
  const expiresAt = model.now + PROPOSAL_SECONDS;
  const before = snapshot(model.keys.get(about));
  const proposal = { id, act, about, by: who, expiresAt, before, isOpen: true };
  model.proposals.push(proposal);
  return proposal;
}

const anyProposal = ({ proposals }: HistoryModel) => proposals.length > 0;

const decide = fc
  .tuple(pick, fc.array(approver, { minLength: 1, maxLength: 3 }))
  .map(([n, people]) =>
    step(`approve ${n} as ${people}`, anyProposal, (model, history) =>
      approve(model, history, proposalOf(model, n), people),
    ),
  );

/** All of them at the same moment. */
async function approve(
  model: HistoryModel,
  history: History,
  proposal: ModelProposal,
  people: readonly string[],
): Promise<void> {
  const { gate } = history.parts;
  const isDue = isExecutable(model, proposal) && people.some((who) => mayApprove(proposal, who));
  const outcomes = await Promise.all(people.map((who) => refusalOf(gate.approve(proposal.id, by(who)))));
  const runs = outcomes.filter((refusal) => refusal === undefined).length;
  expect(runs, 'approvals that ran a proposal').toBe(isDue ? 1 : 0);
  proposal.isOpen = gate.show(proposal.id).state === 'open';
  if (runs > 0) await carryOut(model, history, proposal);
}

function mayApprove(proposal: ModelProposal, who: string): boolean {
  return who !== proposal.by && who !== 'dan';
}

async function carryOut(model: HistoryModel, history: History, { act, about }: ModelProposal): Promise<void> {
  if (act === 'scope.create') return history.open(model, about);
  const key = model.keys.get(about);
  if (!key) return;
  key.state = act === 'key.resume' ? 'deactivated' : 'destroyed';
  if (act === 'key.resume') key.signUntil = Math.min(key.signUntil, model.now);
}

const close = fc
  .tuple(fc.constantFrom('withdraw' as const, 'reject' as const), pick, approver)
  .map(([how, n, who]) =>
    step(`${how} ${n} by ${who}`, anyProposal, async (model, history) => {
      const proposal = proposalOf(model, n);
      const may = how === 'withdraw' ? proposal.by === who : who !== 'dan';
      const expected = may && proposal.isOpen && model.now < proposal.expiresAt;
      const refusal = await refusalOf(history.parts.gate[how](proposal.id, by(who)));
      expect(refusal === undefined, how).toBe(expected);
      if (expected) proposal.isOpen = false;
    }),
  );

const revokeToken = fc.tuple(pick, operator).map(([n, who]) =>
  step(
    `revoke token ${n}`,
    ({ tokens }) => tokens.length > 0,
    async (model, history) => {
      const token = nth(model.tokens, n);
      const parameters = { scope: token.scopeId, jti: token.jti };
      await history.parts.gate.ask({ act: 'revocation.add', parameters, actor: by(who) });
      token.revoked = true;
    },
  ),
);

const revokeClient = fc.tuple(pick, fc.constantFrom(...CLIENTS), operator).map(([n, client, who]) =>
  step(`revoke what ${client} has in ${n}`, always, async (model, history) => {
    const [scopeId, clientId] = [scopeOf(model, n), history.clientId(client)];
    const parameters = { scope: scopeId, client: clientId };
    await history.parts.gate.ask({ act: 'revocation.add', parameters, actor: by(who) });
    model.rules.push({ scopeId, clientId, until: model.now });
    for (const token of model.tokens) {
      if (token.scopeId === scopeId && token.clientId === clientId) token.revoked = true;
    }
  }),
);

export const anyHistory = fc.commands(
  [
    issue,
    issue,
    issue,
    verifyAll,
    forge,
    wait,
    rotate,
    emergency,
    emergency,
    proposeScope,
    proposeKey,
    proposeKey,
    decide,
    close,
    revokeToken,
    revokeClient,
  ],
  { maxCommands: 32, size: 'max' },
);
