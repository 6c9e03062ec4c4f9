import type { ScopeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeScope } from '../describe-scope.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

interface Pause {
  readonly until: number;
  readonly reason: string;
}

export async function pauseRotation(context: Context, scope: string, pause: Pause): Promise<void> {
  await change(context, scope, 'POST', pause);
}

export async function resumeRotation(context: Context, scope: string): Promise<void> {
  await change(context, scope, 'DELETE');
}

async function change(context: Context, scope: string, method: 'POST' | 'DELETE', pause?: Pause) {
  const call = await connect(context);
  const path = `/scopes/${encodeURIComponent(scope)}/rotation-pause`;
  const answer = await call<{ scope: ScopeAnswer }>(method, path, pause);
  show(context, answer, () => describeScope(answer.scope, context));
}
