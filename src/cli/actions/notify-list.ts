import type { DeliveryAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeDeliveries } from '../describe-notifications.ts';
import { connect } from '../operations-client.ts';
import { withQuery } from '../query.ts';
import { show } from '../show.ts';

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
