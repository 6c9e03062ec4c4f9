import type { SecurityEventAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeEvents } from '../cli/describe-event.ts';
import { connect } from '../cli/operations-client.ts';
import { withQuery } from '../cli/query.ts';
import { show } from '../cli/show.ts';

export interface EventListOptions {
  readonly before?: number;
  readonly state?: string;
  readonly severity?: string;
  readonly type?: string;
  readonly scope?: string;
}

export async function eventList(context: Context, options: EventListOptions): Promise<void> {
  const call = await connect(context);
  const path = withQuery('/events', options);
  const answer = await call<{ events: readonly SecurityEventAnswer[] }>('GET', path);
  show(context, answer, () => describeEvents(answer.events, context));
}
