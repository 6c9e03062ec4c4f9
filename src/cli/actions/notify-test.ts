import type { TargetTestAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeTargetTests } from '../describe-notifications.ts';
import { EXIT } from '../failure.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

/** Another exit code where a target did not take it, or there is none at all. */
export async function notifyTest(context: Context, { target }: { readonly target?: string }): Promise<void> {
  const call = await connect(context);
  const body = target === undefined ? {} : { target };
  const answer = await call<{ tests: readonly TargetTestAnswer[] }>('POST', '/notifications/test', body);
  show(context, answer, () => describeTargetTests(answer.tests, context));
  if (answer.tests.length === 0 || answer.tests.some(({ ok }) => !ok)) context.terminal.endWith(EXIT.failed);
}
