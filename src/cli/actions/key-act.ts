import type { KeyOutcomeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeOutcome } from '../describe-outcome.ts';
import { findFormerKey, findKid } from '../find-key.ts';
import { type CallService, connect } from '../operations-client.ts';
import { show } from '../show.ts';

export type KeyAct = 'suspend' | 'resume' | 'destroy';

interface WithReason {
  readonly reason: string;
}

export async function keyAct(context: Context, act: KeyAct, kid: string, given: WithReason): Promise<void> {
  const call = await connect(context);
  await perform(context, call, act, await findKid(call, kid), given);
}

export async function undoRotation(context: Context, scope: string, given: WithReason): Promise<void> {
  const call = await connect(context);
  await perform(context, call, 'undo-rotation', (await findFormerKey(call, scope)).kid, given);
}

async function perform(
  context: Context,
  call: CallService,
  act: KeyAct | 'undo-rotation',
  kid: string,
  { reason }: WithReason,
): Promise<void> {
  const answer = await call<KeyOutcomeAnswer>('POST', `/keys/${encodeURIComponent(kid)}/${act}`, { reason });
  show(context, answer, () => describeOutcome(answer, context));
}
