import { Option } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import type { Context } from '../cli/context.ts';
import type { CallService } from '../cli/operations-client.ts';
import type { ProposalAnswer } from '../cli/show.ts';
import { DEFAULT_POLICY, memberName, SUBJECT_RECORDINGS, TOKEN_TYPES } from '../kernel/policy.ts';
import { type CountedTokens, VERIFIED_MEMBERS } from '../kernel/scope-change.ts';
import { plural } from '../lib/instant.ts';
import type { PolicyRefusalsAnswer } from './routes/scope-wire.ts';

/** What commander makes of the options of `POLICY_OPTIONS`. */
export interface PolicyOptions {
  readonly maxTtl?: number;
  readonly defaultTtl?: number;
  readonly cryptoperiod?: number;
  readonly jwksMaxAge?: number;
  readonly maxStale?: number;
  readonly clockSkew?: number;
  readonly tokenTypes?: readonly string[];
  readonly requireSubject?: boolean;
  readonly recordSubject?: string;
  /** False for `--no-root-claim`. */
  readonly rootClaim?: string | false;
  readonly suspendOnForgery?: boolean;
  readonly externalClaims?: boolean;
  /** False for `--no-contacts`. */
  readonly contacts?: readonly string[] | false;
}

const {
  maxTtlSeconds,
  defaultTtlSeconds,
  cryptoperiodSeconds,
  jwksMaxAgeSeconds,
  maxStaleSeconds,
  clockSkewSeconds,
  tokenTypes,
  recordSubject,
} = DEFAULT_POLICY;

interface PolicyOption {
  readonly flags: string;
  readonly is: string;
  /** Of a new scope: of what it is without the option, or that it is as with it. */
  readonly byDefault?: string | number | true;
  readonly read?: typeof wholeNumber;
  readonly choices?: readonly string[];
}

const read = wholeNumber;
const OPTIONS: readonly PolicyOption[] = [
  { flags: '--max-ttl <seconds>', is: 'longest life of a token', byDefault: maxTtlSeconds, read },
  {
    flags: '--default-ttl <seconds>',
    is: 'life of a token that asks for none',
    byDefault: defaultTtlSeconds,
    read,
  },
  { flags: '--cryptoperiod <seconds>', is: 'how long a key signs', byDefault: cryptoperiodSeconds, read },
  {
    flags: '--jwks-max-age <seconds>',
    is: 'how long verifiers may cache the key set',
    byDefault: jwksMaxAgeSeconds,
    read,
  },
  {
    flags: '--max-stale <seconds>',
    is: 'how long they may go on when they cannot refresh it',
    byDefault: maxStaleSeconds,
    read,
  },
  { flags: '--clock-skew <seconds>', is: 'how far clocks may differ', byDefault: clockSkewSeconds, read },
  {
    flags: '--token-types <types...>',
    is: '`typ` allowed, the one for requests that name none first',
    byDefault: tokenTypes.join(' '),
    choices: TOKEN_TYPES,
  },
  { flags: '--require-subject', is: 'refuse tokens without `sub`', byDefault: true },
  { flags: '--no-require-subject', is: 'allow them, but for access tokens (at+jwt)' },
  {
    flags: '--record-subject <how>',
    is: 'in the ledger',
    byDefault: recordSubject,
    choices: SUBJECT_RECORDINGS,
  },
  { flags: '--root-claim <name>', is: 'claim, such as txn, that names the event a token came from' },
  { flags: '--no-root-claim', is: 'none', byDefault: true },
  {
    flags: '--suspend-on-forgery',
    is: 'a forged token takes its key out of use at once; the standby goes on',
  },
  { flags: '--no-suspend-on-forgery', is: 'it raises an alarm only', byDefault: true },
  { flags: '--external-claims', is: 'identity servers may write all claims themselves, through /jws' },
  { flags: '--no-external-claims', is: 'Keyward writes iss, aud, times and jti', byDefault: true },
  { flags: '--contacts <addresses...>', is: 'e-mail addresses of those whom news of the scope concerns' },
  { flags: '--no-contacts', is: 'none', byDefault: true },
];

/** Of policy and contacts; a new scope has defaults, and what is not named of one that exists stays as it is. */
export function policyOptions(of: 'new' | 'existing'): readonly Option[] {
  return OPTIONS.map(({ flags, is, byDefault, read: reader, choices }) => {
    const told =
      byDefault === true ? ' (default)' : byDefault === undefined ? '' : ` (default: ${byDefault})`;
    const option = new Option(flags, of === 'new' ? is + told : is);
    if (choices) option.choices(choices);
    if (reader) option.argParser(reader);
    return option;
  });
}

/** Policy and contacts as the API takes them; leaves out what was not given. */
export function policyAndContacts(options: PolicyOptions): Record<string, unknown> {
  const policy = given({
    max_ttl_seconds: options.maxTtl,
    default_ttl_seconds: options.defaultTtl,
    cryptoperiod_seconds: options.cryptoperiod,
    jwks_max_age_seconds: options.jwksMaxAge,
    max_stale_seconds: options.maxStale,
    clock_skew_seconds: options.clockSkew,
    token_types: options.tokenTypes,
    require_subject: options.requireSubject,
    record_subject: options.recordSubject,
    root_claim: options.rootClaim === false ? null : options.rootClaim,
    suspend_on_forgery: options.suspendOnForgery,
    external_claims: options.externalClaims,
  });
  return given({
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    contacts: options.contacts === false ? [] : options.contacts,
  });
}

export function given(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** For `--help`, where an algorithm is named. */
export const ALGORITHM_HELP =
  'how its keys sign (default: ES256). `EdDSA` and `Ed25519` (RFC 9864) are one algorithm under two names: most libraries read the first, few the second';

/**
 * What to know before a scope gets that algorithm, which never changes; undefined where common libraries read it. Of 21
 * that were tried, 14 read `EdDSA` and 4 `Ed25519` (docs/verify-anywhere.md).
 */
export function algorithmAdvice(scopeId: string, algorithm: unknown): string | undefined {
  if (algorithm !== 'Ed25519') return undefined;
  return `scope ${scopeId}: few libraries read the name Ed25519 (4 of 21), most read EdDSA for the same algorithm (14 of 21); it never changes, so keep it only where every verifier reads it`;
}

/** Told on standard error, before anything is made. */
export function warnOf({ terminal }: Context, ...advice: readonly (string | undefined)[]): void {
  for (const line of advice) if (line !== undefined) terminal.warn(line);
}

const VERIFIED = VERIFIED_MEMBERS.map(memberName);

interface Refusal {
  readonly member: string;
  readonly counted: CountedTokens | null;
}

/** Says how many living tokens a change of a scope would refuse at once; `change` as the service takes it. */
export async function warnOfRefusals(
  context: Context,
  call: CallService,
  scope: string,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  const refusals = await refusalsOf(call, `/scopes/${encodeURIComponent(scope)}`, change);
  warnOf(context, ...refusals.map((refusal) => adviceOf(scope, refusal)));
}

/** Of an open proposal that changes a scope; of others says nothing. */
export async function warnOfProposed(
  context: Context,
  call: CallService,
  { act, state, parameters: { scope, ...change } }: ProposalAnswer,
): Promise<void> {
  if (act === 'scope.policy' && state === 'open') {
    await warnOfRefusals(context, call, String(scope), change);
  }
}

/** `refuses 12 living tokens at once`; undefined where it is known that it refuses none. */
export function refusalText(counted: CountedTokens | null): string | undefined {
  if (!counted) return 'refuses living tokens at once; how many could not be counted';
  const { tokens, bound } = counted;
  if (tokens === 0 && bound !== 'at_least') return undefined;
  const howMany = { exact: '', at_least: 'at least ', at_most: 'up to ' }[bound];
  return `refuses ${howMany}${plural(tokens, 'living token')} at once`;
}

/** `change` as the service takes it; `path` of its scope. */
export async function refusalsOf(
  call: CallService,
  path: string,
  change: Readonly<Record<string, unknown>>,
): Promise<readonly Refusal[]> {
  if (!VERIFIED.some((member) => Object.hasOwn(change.policy ?? {}, member))) return [];
  const { refusals } = await call<PolicyRefusalsAnswer>('POST', `${path}/preview`, change);
  return refusals;
}

export function adviceOf(scope: string, { member, counted }: Refusal): string | undefined {
  const text = refusalText(counted);
  return text && `scope ${scope}, ${member}: ${text}`;
}
