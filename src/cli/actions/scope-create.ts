import type { ScopeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeScope } from '../describe-scope.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export interface ScopeCreateOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm?: string;
  readonly modulusBits?: number;
  readonly maxTtl?: number;
  readonly defaultTtl?: number;
  readonly cryptoperiod?: number;
  readonly jwksMaxAge?: number;
  readonly maxStale?: number;
  readonly clockSkew?: number;
  readonly tokenTypes?: readonly string[];
  /** Commander's word for `--no-require-subject`. */
  readonly requireSubject: boolean;
  readonly recordSubject?: string;
  readonly rootClaim?: string;
  readonly suspendOnForgery?: boolean;
}

export async function scopeCreate(context: Context, id: string, options: ScopeCreateOptions): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ scope: ScopeAnswer }>('POST', '/scopes', definition(id, options));
  show(context, answer, () => describeScope(answer.scope, context));
}

/** Leaves out what was not given: the service's defaults stand. */
function definition(id: string, options: ScopeCreateOptions): object {
  const policy = given({
    max_ttl_seconds: options.maxTtl,
    default_ttl_seconds: options.defaultTtl,
    cryptoperiod_seconds: options.cryptoperiod,
    jwks_max_age_seconds: options.jwksMaxAge,
    max_stale_seconds: options.maxStale,
    clock_skew_seconds: options.clockSkew,
    token_types: options.tokenTypes,
    require_subject: options.requireSubject ? undefined : false,
    record_subject: options.recordSubject,
    root_claim: options.rootClaim,
    suspend_on_forgery: options.suspendOnForgery,
  });
  return given({
    id,
    issuer: options.issuer,
    audience: options.audience,
    algorithm: options.algorithm,
    modulus_bits: options.modulusBits,
    policy: Object.keys(policy).length > 0 ? policy : undefined,
  });
}

function given(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
