import type { KeyAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeKeys } from '../describe-keys.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export async function keyList(context: Context, { scope }: { readonly scope?: string }): Promise<void> {
  const call = await connect(context);
  const query = scope === undefined ? '' : `?scope=${encodeURIComponent(scope)}`;
  const answer = await call<{ keys: readonly KeyAnswer[] }>('GET', `/keys${query}`);
  show(context, answer, () => describeKeys(answer.keys, context));
}
