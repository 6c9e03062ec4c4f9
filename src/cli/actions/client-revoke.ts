import type { ClientAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeClient } from '../describe-client.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export async function clientRevoke(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ client: ClientAnswer }>('POST', `/clients/${encodeURIComponent(id)}/revoke`);
  show(context, answer, () => describeClient(answer.client, context));
}
