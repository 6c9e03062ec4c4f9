import type { RevocationAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeRevocations } from '../describe-revocations.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

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
