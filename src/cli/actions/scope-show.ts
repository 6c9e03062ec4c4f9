import type { KeyAnswer, ScopeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeKeys } from '../describe-keys.ts';
import { describeScope } from '../describe-scope.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

interface ScopeWithKeys {
  readonly scope: ScopeAnswer;
  readonly keys: readonly KeyAnswer[];
}

export async function scopeShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<ScopeWithKeys>('GET', `/scopes/${encodeURIComponent(id)}`);
  show(
    context,
    answer,
    () => `${describeScope(answer.scope, context)}\n\n${describeKeys(answer.keys, context)}`,
  );
}
