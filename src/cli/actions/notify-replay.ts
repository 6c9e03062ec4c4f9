import type { DeliveryAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeDeliveries } from '../describe-notifications.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export async function notifyReplay(context: Context, id: number): Promise<void> {
  const call = await connect(context);
  const path = `/notifications/deliveries/${id}/replay`;
  const answer = await call<{ delivery: DeliveryAnswer }>('POST', path);
  show(context, answer, () => describeDeliveries([answer.delivery], context));
}
