import type { RotationAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeRotation } from '../describe-outcome.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export async function keyRotate(
  context: Context,
  scope: string,
  { reason }: { readonly reason?: string },
): Promise<void> {
  const call = await connect(context);
  const path = `/scopes/${encodeURIComponent(scope)}/rotate`;
  const answer = await call<RotationAnswer>('POST', path, reason === undefined ? {} : { reason });
  show(context, answer, () => describeRotation(answer, context));
}
