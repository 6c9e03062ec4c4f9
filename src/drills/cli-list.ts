import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type DrillsAnswer, describeDrills } from './cli-output.ts';

export async function drillList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<DrillsAnswer>('GET', '/drills');
  show(context, answer, () => describeDrills(answer, context));
}
