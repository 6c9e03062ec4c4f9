import type { CanaryAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeCanaries, describeCanary } from '../describe-canary.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

interface OneAnswer {
  readonly canary: CanaryAnswer;
}

export async function canaryList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ canaries: readonly CanaryAnswer[] }>('GET', '/canaries');
  show(context, answer, () => describeCanaries(answer.canaries, context));
}

export async function canaryShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<OneAnswer>('GET', `/canaries/${encodeURIComponent(id)}`);
  show(context, answer, () => describeCanary(answer.canary, context));
}

export async function canaryRetire(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<OneAnswer>('POST', `/canaries/${encodeURIComponent(id)}/retire`);
  show(context, answer, () => describeCanary(answer.canary, context));
}
