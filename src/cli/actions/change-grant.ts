import type { ClientAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeClient } from '../describe-client.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

/** Adds or removes one grant; the service answers the client as it then is. */
export async function changeGrant(
  context: Context,
  change: 'add' | 'remove',
  grant: { readonly client: string; readonly scope: string; readonly action: string },
): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ client: ClientAnswer }>(change === 'add' ? 'POST' : 'DELETE', '/grants', grant);
  show(context, answer, () => describeClient(answer.client, context));
}
