import type { KeyAnswer, RefusedKeyAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeKeys, describeRefusedKeys } from '../cli/describe-keys.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';

interface Keys {
  readonly keys: readonly KeyAnswer[];
  readonly refused: readonly RefusedKeyAnswer[];
}

export async function keyList(context: Context, { scope }: { readonly scope?: string }): Promise<void> {
  const call = await connect(context);
  const query = scope === undefined ? '' : `?scope=${encodeURIComponent(scope)}`;
  const answer = await call<Keys>('GET', `/keys${query}`);
  show(context, answer, () =>
    [describeKeys(answer.keys, context), ...describeRefusedKeys(answer.refused, context)].join('\n\n'),
  );
}
