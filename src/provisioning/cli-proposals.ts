import { isDeepStrictEqual } from 'node:util';
import type { CallService } from '../cli/operations-client.ts';
import { pages } from '../cli/pages.ts';
import type { ProposalAnswer, ProposalPageAnswer } from '../cli/show.ts';
import { isObject } from '../lib/json.ts';
import type { Step } from './document.ts';

/** The act that a step of a plan asks for, as proposals name it. */
const ACTS: Readonly<Record<string, string>> = {
  'POST scopes': 'scope.create',
  'PATCH scopes': 'scope.policy',
  'POST clients': 'client.create',
  'POST grants': 'grant.add',
};

/** Proposals that wait for their second person. */
export async function openProposals(call: CallService): Promise<readonly ProposalAnswer[]> {
  const asked = { state: 'open', all: true } as const;
  const { proposals }: ProposalPageAnswer = await pages(call, '/proposals', 'proposals', asked);
  return proposals;
}

/**
 * The open proposals that would do what the step asks for, and nothing else. Those for a new client have credentials
 * of their own: whose they are is for the caller to compare.
 */
export function proposalsFor(step: Step, open: readonly ProposalAnswer[]): readonly ProposalAnswer[] {
  const [, list = ''] = step.path.split('/');
  const act = ACTS[`${step.method} ${list}`];
  const [change] = step.changes;
  const subject = `${change?.kind === 'scope' ? 'scope' : 'client'}:${change?.id}`;
  return open.filter(
    (proposal) => proposal.act === act && proposal.subject === subject && asks(proposal, step),
  );
}

function asks({ parameters, changes }: ProposalAnswer, step: Step): boolean {
  if (step.method === 'POST') return holds(parameters, step.body ?? {});
  // From what is there now: a proposal that began with something else would fail when it is approved.
  const wanted = step.changes.map(({ member, from, to }) => ({ member, from, to }));
  return (
    wanted.length === changes.length &&
    wanted.every((each) => changes.some((change) => isDeepStrictEqual(change, each)))
  );
}

type Members = Readonly<Record<string, unknown>>;

/** What is to be made is kept with every default filled in, and a client with the digest of its credential. */
function holds(kept: Members, asked: Members): boolean {
  return Object.entries(asked).every(([name, value]) => {
    const found = kept[name];
    return isObject(value) && isObject(found) ? holds(found, value) : isDeepStrictEqual(found, value);
  });
}
