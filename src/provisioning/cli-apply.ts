import { existsSync, mkdirSync } from 'node:fs';
import type { Step } from './step.ts';
import { newAlgorithms, warnOf } from '../cli/algorithm-advice.ts';
import { type Applied, applyPlan, credentialFileOf, newClient } from '../cli/apply-plan.ts';
import type { Context } from '../cli/context.ts';
import { describeApplied } from '../cli/describe-applied.ts';
import { EXIT, usageFailure } from '../cli/failure.ts';
import { storedDigest } from '../cli/new-credential.ts';
import { openProposals, proposalsFor } from '../cli/open-proposals.ts';
import { connect } from '../cli/operations-client.ts';
import { plannedRefusals } from '../cli/policy-refusals.ts';
import { planOf } from './cli-plan.ts';
import { show } from '../cli/show.ts';

export interface ApplyOptions {
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
