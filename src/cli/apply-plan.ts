import { join } from 'node:path';
import type { Step } from '../provisioning/step.ts';
import type { ProposalAnswer } from './answers.ts';
import { storedDigest, withNewCredential } from './new-credential.ts';
import type { CallService } from './operations-client.ts';

/** What became of a step. */
export type Applied = { readonly step: Step; readonly credentialFile?: string } & (
  | { readonly outcome: 'done' }
  | { readonly outcome: 'proposed'; readonly proposal: ProposalAnswer }
  /** For what a proposal would make first. */
  | { readonly outcome: 'waits'; readonly for: string }
);

/** Takes the steps one by one; `onApplied` is told of each before the next. Stops at the first refusal. */
export async function applyPlan(
  steps: readonly Step[],
  call: CallService,
  credentialsFolder: string,
  onApplied: (applied: Applied) => void,
): Promise<void> {
  const proposed = new Set<string>();
  for (const step of steps) {
    const missing = step.needs.find((need) => proposed.has(need));
    const applied: Applied =
      missing === undefined
        ? await take(step, call, credentialsFolder)
        : { step, outcome: 'waits', for: missing };
    if (applied.outcome === 'proposed' && step.makes !== undefined) proposed.add(step.makes);
    onApplied(applied);
  }
}

/** The client for which the step needs a credential. */
export function newClient({ makes }: Step): string | undefined {
  return makes?.startsWith('client:') ? makes.slice('client:'.length) : undefined;
}

export function credentialFileOf(clientId: string, folder: string): string {
  return join(folder, `${clientId}.credential`);
}

interface Answer {
  readonly proposal?: ProposalAnswer;
}

async function take(step: Step, call: CallService, folder: string): Promise<Applied> {
  const ask = (credential: object) =>
    call<Answer>(step.method, step.path, step.body && { ...step.body, ...credential });
  const clientId = newClient(step);
  if (clientId === undefined) return outcomeOf(step, await ask({}));
  const credentialFile = credentialFileOf(clientId, folder);
  const asked = (credential_digest: string) => ask({ credential_digest });
  // Of a proposal that is not approved yet there is a credential already: asked again, it is the same proposal.
  const earlier = storedDigest('svc', credentialFile);
  const answer =
    earlier === undefined ? await withNewCredential('svc', credentialFile, asked) : await asked(earlier);
  return { ...outcomeOf(step, answer), credentialFile };
}

function outcomeOf(step: Step, { proposal }: Answer): Applied {
  return proposal ? { step, outcome: 'proposed', proposal } : { step, outcome: 'done' };
}
