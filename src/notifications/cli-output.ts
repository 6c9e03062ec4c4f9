import type { DeliveryAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeDeliveries } from '../cli/describe-notifications.ts';
import { connect } from '../cli/operations-client.ts';
import { withQuery } from '../cli/query.ts';
import { show } from '../cli/show.ts';

export interface NotifyListOptions {
  readonly before?: number;
  readonly state?: string;
  readonly target?: string;
}

export async function notifyList(context: Context, options: NotifyListOptions): Promise<void> {
  const call = await connect(context);
  const path = withQuery('/notifications/deliveries', options);
  const answer = await call<{ deliveries: readonly DeliveryAnswer[] }>('GET', path);
  show(context, answer, () => describeDeliveries(answer.deliveries, context));
}
