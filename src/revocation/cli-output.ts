import type { RevocationAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeRevocations } from '../cli/describe-revocations.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';

export async function revocationList(
  context: Context,
  { before }: { readonly before?: number },
): Promise<void> {
  const call = await connect(context);
  const query = before === undefined ? '' : `?before=${before}`;
  const answer = await call<{ revocations: readonly RevocationAnswer[] }>('GET', `/revocations${query}`);
  show(context, answer, () =>
    answer.revocations.length === 0 ? 'nothing is revoked' : describeRevocations(answer.revocations, context),
  );
}
