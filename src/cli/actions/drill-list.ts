import type { Context } from '../context.ts';
import { type DrillsAnswer, describeDrills } from '../describe-drill.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export async function drillList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<DrillsAnswer>('GET', '/drills');
  show(context, answer, () => describeDrills(answer, context));
}
