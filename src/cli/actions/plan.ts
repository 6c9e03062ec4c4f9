import { newAlgorithms, warnOf } from '../algorithm-advice.ts';
import type { Context } from '../context.ts';
import { describePlan } from '../describe-plan.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { connect } from '../operations-client.ts';
import { planOf } from '../../provisioning/cli-plan.ts';
import { show } from '../show.ts';

/** Shows what `apply` would do. Exit code 2 where that is something. */
export async function plan(context: Context, { file }: { readonly file: string }): Promise<void> {
  const planned = await planOf(file, await connect(context).catch(neverTwo));
  const { steps, unmanaged } = planned;
  const changes = steps.flatMap((step) => step.changes);
  warnOf(context, ...newAlgorithms(changes));
  show(context, { changes, unmanaged }, () => describePlan(planned, context));
  if (steps.length > 0) context.terminal.endWith(EXIT.different);
}

/** A pipeline that asks whether something would change must not take a missing credential for it. */
function neverTwo(error: unknown): never {
  if (!(error instanceof CommandFailure) || error.exitCode !== EXIT.usage) throw error;
  throw new CommandFailure(EXIT.failed, error.code, error.message);
}
