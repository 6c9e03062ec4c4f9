import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Context, Terminal } from '../cli/context.ts';
import { EXIT, usageFailure } from '../cli/failure.ts';
import { storedDigest, withNewCredential } from '../cli/new-files.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import type { ProposalAnswer } from '../cli/show.ts';
import { proposalIn, proposedDigest, show } from '../cli/show.ts';
import { type Cell, table } from '../cli/table.ts';
import { warnOf } from '../keys/cli-policy.ts';
import { newAlgorithms, plannedRefusals } from './cli-advice.ts';
import { CHANGE_HEADINGS, changeCells, planOf } from './cli-plan.ts';
import { openProposals, proposalsFor } from './cli-proposals.ts';
import type { Step } from './document.ts';

/** What became of a step. */
type Applied = {
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

interface ApplyingDeps {
  readonly call: CallService;
  /** What they ask for is not asked for again; of a new client, only where the credential is the own one. */
  readonly open: readonly ProposalAnswer[];
  /** Empty where none was named. */
  readonly credentialsFolder: string;
  /** Told of each step before the next. */
  onApplied(applied: Applied): void;
}

/** Takes the steps one by one, and stops at the first refusal. */
async function applyPlan(steps: readonly Step[], deps: ApplyingDeps): Promise<void> {
  const proposed = new Set<string>();
  for (const step of steps) {
    const missing = step.needs.find((need) => proposed.has(need));
    const applied: Applied =
      missing === undefined ? await take(step, deps) : { step, outcome: 'waits', for: missing };
    const isOpen = applied.outcome === 'proposed' || applied.outcome === 'foreign';
    if (isOpen && step.makes !== undefined) proposed.add(step.makes);
    deps.onApplied(applied);
  }
}

/** The client for which the step needs a credential. */
function newClient({ makes }: Step): string | undefined {
  return makes?.startsWith('client:') ? makes.slice('client:'.length) : undefined;
}

function credentialFileOf(clientId: string, folder: string): string {
  return join(folder, `${clientId}.credential`);
}

async function take(step: Step, deps: ApplyingDeps): Promise<Applied> {
  const { call, open } = deps;
  const before = proposalsFor(step, open);
  const clientId = newClient(step);
  if (clientId !== undefined) return await takeNewClient(step, clientId, before, deps);
  const [first] = before;
  if (first) return { step, outcome: 'proposed', proposal: first };
  return outcomeOf(step, await call(step.method, step.path, step.body));
}

async function takeNewClient(
  step: Step,
  clientId: string,
  before: readonly ProposalAnswer[],
  { call, credentialsFolder }: ApplyingDeps,
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

const FOREIGN =
  'Their credentials are not in your folder: once approved, those who made them hold the client. Ask who proposed them, and reject what nobody knows.';
const COLOURS = { done: 'green', proposed: 'yellow', foreign: 'red', waits: 'dim' } as const;

/** A line for each change with what became of it, then the proposals and the credentials, then the sum. */
function describeApplied(applied: readonly Applied[], { terminal }: Context): string {
  if (applied.length === 0) return 'Nothing to do.';
  const rows = applied.flatMap(({ outcome, step }) =>
    step.changes.map((change): readonly Cell[] => [[outcome, COLOURS[outcome]], ...changeCells(change)]),
  );
  const parts = [table(['outcome', ...CHANGE_HEADINGS], rows, terminal)];
  const proposals = applied.flatMap((each) => (each.outcome === 'proposed' ? [each.proposal] : []));
  if (proposals.length > 0) {
    parts.push(proposalTable('proposal', proposals, terminal));
  }
  const foreign = applied.flatMap((each) => [
    ...(each.outcome === 'foreign' ? [each.proposal] : []),
    ...(each.rivals ?? []),
  ]);
  if (foreign.length > 0) {
    parts.push(proposalTable('not yours', foreign, terminal), FOREIGN);
  }
  const files = applied.flatMap((each) => each.credentialFile ?? []);
  if (files.length > 0)
    parts.push(
      table(
        ['credentials'],
        files.map((file) => [file]),
        terminal,
      ),
    );
  return [...parts, sumOf(applied)].join('\n\n');
}

function proposalTable(heading: string, proposals: readonly ProposalAnswer[], terminal: Terminal): string {
  const withDigest = proposals.some((proposal) => proposedDigest(proposal) !== undefined);
  const cells = proposals.map((proposal): readonly Cell[] => [
    [proposal.id, 'bold'],
    proposal.act,
    proposal.subject,
    proposal.proposed_by,
    ...(withDigest ? [proposedDigest(proposal) ?? '-'] : []),
    proposal.approvers.join(' ') || 'nobody',
    { time: proposal.expires_at },
  ]);
  const headings = [
    heading,
    'act',
    'subject',
    'proposed by',
    ...(withDigest ? ['credential digest'] : []),
    'can approve',
    'expires',
  ];
  return table(headings, cells, terminal);
}

function sumOf(applied: readonly Applied[]): string {
  const count = (outcome: Applied['outcome']) =>
    applied.filter((each) => each.outcome === outcome).flatMap(({ step }) => step.changes).length;
  const proposed = count('proposed') + count('foreign');
  const sum = `${count('done')} done, ${proposed} proposed, ${count('waits')} waiting for those.`;
  return proposed === 0 ? sum : `${sum} Apply again once they are approved.`;
}

interface ApplyOptions {
  readonly file: string;
  readonly credentials?: string;
}

/** Makes the service what the file says. What was done before a refusal is shown, and stays. */
export async function apply(context: Context, { file, credentials = '' }: ApplyOptions): Promise<void> {
  const call = await connect(context);
  const { steps, unmanaged } = await planOf(file, call);
  warnOf(context, ...newAlgorithms(steps.flatMap((step) => step.changes)));
  const open = steps.some(weakens) ? await openProposals(call) : [];
  prepareFolder(
    steps.filter((step) => credentials !== '' || proposalsFor(step, open).length === 0),
    credentials,
  );
  warnOf(context, ...plannedRefusals(steps));
  const applied: Applied[] = [];
  const report = () =>
    show(context, { applied: applied.map(asJson), unmanaged }, () => describeApplied(applied, context));
  try {
    await applyPlan(steps, {
      ...{ call, open, credentialsFolder: credentials },
      onApplied: (each) => applied.push(each),
    });
  } catch (error) {
    if (applied.length > 0) report();
    throw error;
  }
  report();
  if (applied.some((each) => 'proposal' in each)) context.terminal.endWith(EXIT.proposed);
}

function weakens({ changes }: Step): boolean {
  return changes.some((change) => change.weakens);
}

/** Before anything is asked for, so that no credential is made that could not be stored. */
function prepareFolder(steps: readonly Step[], folder: string): void {
  const clients = steps.flatMap((step) => newClient(step) ?? []);
  if (clients.length === 0) return;
  if (folder === '') {
    throw usageFailure(`name a folder for the credentials of ${clients.join(', ')}: --credentials DIR`);
  }
  const taken = clients
    .map((client) => credentialFileOf(client, folder))
    .find((file) => existsSync(file) && storedDigest('svc', file) === undefined);
  if (taken !== undefined)
    throw usageFailure(`${taken} exists and holds no credential of a client; it is not overwritten`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw usageFailure(`${folder} cannot be made (${(cause as NodeJS.ErrnoException).code})`);
  }
}

function asJson(applied: Applied): object {
  const { outcome, step } = applied;
  return {
    outcome,
    changes: step.changes,
    ...('proposal' in applied ? { proposal: applied.proposal } : {}),
    ...(applied.rivals?.length ? { rivals: applied.rivals } : {}),
    ...(applied.outcome === 'waits' ? { for: applied.for } : {}),
    ...(applied.credentialFile === undefined ? {} : { credential_file: applied.credentialFile }),
  };
}
