import { join } from 'node:path';
import type { Step } from '../provisioning/step.ts';
import type { ProposalAnswer } from './answers.ts';
import { storedDigest, withNewCredential } from './new-credential.ts';
import { proposalsFor, proposedDigest } from './open-proposals.ts';
import type { CallService } from './operations-client.ts';
import { proposalIn } from './show.ts';

/** What became of a step. */
export type Applied = {
  readonly step: Step;
  readonly credentialFile?: string;
  /** Open proposals for the same client with credentials that are not the one in the file. */
  readonly rivals?: readonly ProposalAnswer[];
} & (
  | { readonly outcome: 'done' }
  | { readonly outcome: 'proposed'; readonly proposal: ProposalAnswer }
  /** Proposed with a credential that is not known here: whoever made it would hold the client. */
  | { readonly outcome: 'foreign'; readonly proposal: ProposalAnswer }
  /** For what a proposal would make first. */
  | { readonly outcome: 'waits'; readonly for: string }
);

export interface ApplyingParts {
  readonly call: CallService;
  /** What they ask for is not asked for again; of a new client, only where the credential is the own one. */
  readonly open: readonly ProposalAnswer[];
  /** Empty where none was named. */
  readonly credentialsFolder: string;
  /** Told of each step before the next. */
  onApplied(applied: Applied): void;
}

/** Takes the steps one by one, and stops at the first refusal. */
export async function applyPlan(steps: readonly Step[], parts: ApplyingParts): Promise<void> {
  const proposed = new Set<string>();
  for (const step of steps) {
    const missing = step.needs.find((need) => proposed.has(need));
    const applied: Applied =
      missing === undefined ? await take(step, parts) : { step, outcome: 'waits', for: missing };
    const isOpen = applied.outcome === 'proposed' || applied.outcome === 'foreign';
    if (isOpen && step.makes !== undefined) proposed.add(step.makes);
    parts.onApplied(applied);
  }
}

/** The client for which the step needs a credential. */
export function newClient({ makes }: Step): string | undefined {
  return makes?.startsWith('client:') ? makes.slice('client:'.length) : undefined;
}

export function credentialFileOf(clientId: string, folder: string): string {
  return join(folder, `${clientId}.credential`);
}

async function take(step: Step, parts: ApplyingParts): Promise<Applied> {
  const { call, open } = parts;
  const before = proposalsFor(step, open);
  const clientId = newClient(step);
  if (clientId !== undefined) return await takeNewClient(step, clientId, before, parts);
  const [first] = before;
  if (first) return { step, outcome: 'proposed', proposal: first };
  return outcomeOf(step, await call(step.method, step.path, step.body));
}

async function takeNewClient(
  step: Step,
  clientId: string,
  before: readonly ProposalAnswer[],
  { call, credentialsFolder }: ApplyingParts,
): Promise<Applied> {
  const [first] = before;
  if (first && credentialsFolder === '') return { step, outcome: 'foreign', proposal: first };
  const credentialFile = credentialFileOf(clientId, credentialsFolder);
  const ask = (credential_digest: string) =>
    call(step.method, step.path, { ...step.body, credential_digest });
  // Of an earlier attempt, say, of which nobody knows what came of it.
  const earlier = storedDigest('svc', credentialFile);
  const isOwn = (proposal: ProposalAnswer) => earlier !== undefined && proposedDigest(proposal) === earlier;
  const rivals = before.filter((proposal) => !isOwn(proposal));
  const own = before.find(isOwn);
  if (own) return { step, outcome: 'proposed', proposal: own, credentialFile, rivals };
  const answer =
    earlier === undefined ? await withNewCredential('svc', credentialFile, ask) : await ask(earlier);
  return { ...outcomeOf(step, answer), credentialFile, rivals };
}

function outcomeOf(step: Step, answer: unknown): Applied {
  const proposal = proposalIn(answer);
  return proposal ? { step, outcome: 'proposed', proposal } : { step, outcome: 'done' };
}
