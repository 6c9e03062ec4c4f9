import fc from 'fast-check';
import { expect } from 'vitest';
import { PROPOSAL_SECONDS } from './administered-service.ts';
import { type History, refusalOf } from './history.ts';
import { type HistoryModel, isExecutable, type ModelKey, type ModelProposal, snapshot } from './model.ts';
import { always, by, keyIn, nth, operator, pick, step } from './step.ts';

const approver = fc.constantFrom('alice', 'bob', 'carol', 'dan');
const approvers = fc.array(approver, { maxLength: 2 });

export const proposeScope = fc
  .tuple(fc.constantFrom('c', 'd'), operator, approvers)
  .map(([name, who, people]) =>
    step(`propose scope ${name} as ${who}, approved by ${people}`, always, async (model, history) => {
      const about = history.scopeId(name);
      const parameters = { id: about, issuer: 'https://id.example', audience: `https://${about}.example` };
      const allowed = !model.scopes.has(about);
      const proposal = await propose(model, history, {
        act: 'scope.create',
        about,
        parameters,
        who,
        allowed,
      });
      if (proposal) await approve(model, history, proposal, people);
    }),
  );

const PROPOSED: Readonly<Record<'key.resume' | 'key.destroy', readonly ModelKey['state'][]>> = {
  'key.resume': ['suspended'],
  'key.destroy': ['pre_activation', 'suspended'],
};
/** One person may destroy the private half. */
const SPENT: readonly ModelKey['state'][] = ['deactivated', 'compromised', 'destroyed'];

export const proposeKey = fc
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

function proposalOf({ proposals }: HistoryModel, n: number): ModelProposal {
  const open = proposals.filter(({ isOpen }) => isOpen);
  return nth(n % 4 > 0 && open.length > 0 ? open : proposals, n);
}

const anyProposal = ({ proposals }: HistoryModel) => proposals.length > 0;

export const decide = fc
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

export const close = fc
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
