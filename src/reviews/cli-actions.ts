import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import type { ReviewAnswer, SignedOffAnswer } from './cli-answers.ts';
import { describeReview } from './cli-output.ts';
import { describeSignedOff, describeSignedOffs } from './cli-signed-off.ts';

export async function reviewShow(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<ReviewAnswer>('GET', '/reviews/current');
  show(context, answer, () => describeReview(answer, context));
}

export async function reviewSignOff(
  context: Context,
  { note, digest }: { readonly note: string; readonly digest?: string },
): Promise<void> {
  const call = await connect(context);
  const body = digest === undefined ? { note } : { note, digest };
  const answer = await call<{ review: SignedOffAnswer }>('POST', '/reviews', body);
  show(context, answer, () => describeSignedOff(answer.review, context));
}

export async function reviewList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{
    reviews: readonly SignedOffAnswer[];
    covered_until: number;
    overdue_at: number;
  }>('GET', '/reviews');
  show(context, answer, () => describeSignedOffs(answer, context));
}
