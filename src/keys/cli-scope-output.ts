import type { Context } from '../cli/context.ts';
import { usageFailure } from '../cli/failure.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import { humanSpan } from '../lib/instant.ts';
import { describeKeys } from './cli-output.ts';
import {
  algorithmAdvice,
  given,
  type PolicyOptions,
  policyAndContacts,
  warnOf,
  warnOfRefusals,
} from './cli-policy.ts';
import type { ScopeAnswer, ScopeWithKeysAnswer } from './routes/scope-wire.ts';

export type { ScopeAnswer, ScopeWithKeysAnswer };

/** One scope, a line a member. */
function describeScope(scope: ScopeAnswer, { terminal }: Context): string {
  const { policy } = scope;
  const size = scope.modulus_bits === null ? '' : ` (${scope.modulus_bits} bits)`;
  return fields(
    [
      ['id', [scope.id, 'bold']],
      ['issuer', scope.issuer],
      ['audience', scope.audience],
      ['algorithm', `${scope.algorithm}${size}`],
      ['HSM token', scope.hsm_token],
      ['standby', scope.standby_token === null ? 'on the same' : `in turn with ${scope.standby_token}`],
      ['created', humanTime(scope.created_at, terminal.nowSeconds)],
      ['token lifetime', `${policy.default_ttl_seconds} s, at most ${policy.max_ttl_seconds} s`],
      ['token types', policy.token_types.join(', ')],
      ['subject', policy.require_subject ? 'required' : 'optional'],
      ['ledger subject', policy.record_subject],
      ['ledger root', policy.root_claim ?? 'none'],
      ['claims', policy.external_claims ? 'of Keyward, or of the caller through /jws' : 'of Keyward'],
      ['forged token', policy.suspend_on_forgery ? 'alarm, and suspend its key' : 'alarm'],
      ['key signs for', humanSpan(policy.cryptoperiod_seconds)],
      ['rotation', rotation(scope, terminal.nowSeconds)],
      ['key set cached', `${policy.jwks_max_age_seconds} s, stale at most ${policy.max_stale_seconds} s`],
      ['clock skew', `${policy.clock_skew_seconds} s`],
      ['contacts', scope.contacts.join(', ') || '-'],
    ],
    terminal,
  );
}

function rotation({ rotation_pause: pause }: ScopeAnswer, nowSeconds: number): Cell {
  if (!pause || pause.until < nowSeconds) return 'by itself';
  return [`paused until ${humanTime(pause.until, nowSeconds)}: ${pause.reason}`, 'yellow'];
}

interface ScopeCreateOptions extends PolicyOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm?: string;
  readonly modulusBits?: number;
  readonly hsmToken?: string;
  readonly standbyToken?: string;
}

/** Leaves out what was not given: the service's defaults stand. */
export async function scopeCreate(context: Context, id: string, options: ScopeCreateOptions): Promise<void> {
  const call = await connect(context);
  warnOf(context, algorithmAdvice(id, options.algorithm));
  const { issuer, audience, algorithm, modulusBits: modulus_bits } = options;
  const { hsmToken: hsm_token, standbyToken: standby_token } = options;
  const definition = {
    ...given({ id, issuer, audience, algorithm, modulus_bits, hsm_token, standby_token }),
    ...policyAndContacts(options),
  };
  const answer = await call<{ scope: ScopeAnswer }>('POST', '/scopes', definition);
  show(context, answer, () => describeScope(answer.scope, context));
}

export async function scopeList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ scopes: readonly ScopeAnswer[] }>('GET', '/scopes');
  show(context, answer, () => human(answer.scopes, context));
}

function human(scopes: readonly ScopeAnswer[], { terminal }: Context): string {
  if (scopes.length === 0) return 'no scopes; make one with: keyward scope create';
  return table(
    ['id', 'algorithm', 'issuer', 'audience', { name: 'created', extra: true }],
    scopes.map(({ id, algorithm, issuer, audience, created_at }) => [
      [id, 'bold'],
      algorithm,
      issuer,
      audience,
      { time: created_at },
    ]),
    terminal,
  );
}

interface ScopeSetOptions extends PolicyOptions {
  readonly hsmToken?: string;
  /** False for `--no-standby-token`. */
  readonly standbyToken?: string | false;
}

/** Changes what was given of a scope's policy, contacts and HSM tokens, and leaves the rest. */
export async function scopeSet(context: Context, id: string, options: ScopeSetOptions): Promise<void> {
  const { hsmToken: hsm_token, standbyToken } = options;
  const standby_token = standbyToken === false ? null : standbyToken;
  const change = { ...policyAndContacts(options), ...given({ hsm_token, standby_token }) };
  if (Object.keys(change).length === 0) throw usageFailure('say what to change; --help lists it');
  const call = await connect(context);
  await warnOfRefusals(context, call, id, change);
  const answer = await call<{ scope: ScopeAnswer }>('PATCH', `/scopes/${encodeURIComponent(id)}`, change);
  show(context, answer, () => describeScope(answer.scope, context));
}

export async function scopeShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<ScopeWithKeysAnswer>('GET', `/scopes/${encodeURIComponent(id)}`);
  show(
    context,
    answer,
    () => `${describeScope(answer.scope, context)}\n\n${describeKeys(answer.keys, context)}`,
  );
}

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
