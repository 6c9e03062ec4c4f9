import type { ScopeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeScope } from '../describe-scope.ts';
import { usageFailure } from '../failure.ts';
import { connect } from '../operations-client.ts';
import { given, type PolicyOptions, policyAndContacts } from '../../keys/cli-policy.ts';
import { warnOfRefusals } from '../policy-refusals.ts';
import { show } from '../show.ts';

export interface ScopeSetOptions extends PolicyOptions {
  readonly hsmToken?: string;
}

/** Changes what was given of a scope's policy, contacts and HSM token, and leaves the rest. */
export async function scopeSet(context: Context, id: string, options: ScopeSetOptions): Promise<void> {
  const change = { ...policyAndContacts(options), ...given({ hsm_token: options.hsmToken }) };
  if (Object.keys(change).length === 0) throw usageFailure('say what to change; --help lists it');
  const call = await connect(context);
  await warnOfRefusals(context, call, id, change);
  const answer = await call<{ scope: ScopeAnswer }>('PATCH', `/scopes/${encodeURIComponent(id)}`, change);
  show(context, answer, () => describeScope(answer.scope, context));
}
