import type { KeyAnswer, ScopeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeKeys } from '../describe-keys.ts';
import { describeScope } from '../describe-scope.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

/** The scope and its keys. */
export async function scopeShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const { scope } = await call<{ scope: ScopeAnswer }>('GET', `/scopes/${encodeURIComponent(id)}`);
  const { keys } = await call<{ keys: readonly KeyAnswer[] }>('GET', `/keys?scope=${encodeURIComponent(id)}`);
  show(context, { scope, keys }, () => `${describeScope(scope, context)}\n\n${describeKeys(keys, context)}`);
}
