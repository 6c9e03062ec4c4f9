import { algorithmAdvice, warnOf } from '../cli/algorithm-advice.ts';
import type { ScopeAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeScope } from '../cli/describe-scope.ts';
import { connect } from '../cli/operations-client.ts';
import { given, type PolicyOptions, policyAndContacts } from './cli-policy.ts';
import { show } from '../cli/show.ts';

export interface ScopeCreateOptions extends PolicyOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm?: string;
  readonly modulusBits?: number;
  readonly hsmToken?: string;
}

/** Leaves out what was not given: the service's defaults stand. */
export async function scopeCreate(context: Context, id: string, options: ScopeCreateOptions): Promise<void> {
  const call = await connect(context);
  warnOf(context, algorithmAdvice(id, options.algorithm));
  const { issuer, audience, algorithm, modulusBits: modulus_bits, hsmToken: hsm_token } = options;
  const definition = {
    ...given({ id, issuer, audience, algorithm, modulus_bits, hsm_token }),
    ...policyAndContacts(options),
  };
  const answer = await call<{ scope: ScopeAnswer }>('POST', '/scopes', definition);
  show(context, answer, () => describeScope(answer.scope, context));
}
