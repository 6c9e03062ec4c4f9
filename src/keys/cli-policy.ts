import type { Command } from 'commander';
import { wholeNumber } from '../cli/whole-number.ts';

/** What commander makes of the options that `addPolicyOptions` adds. */
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

export function addPolicyOptions(command: Command): Command {
  return command
    .option('--max-ttl <seconds>', 'longest life of a token', wholeNumber)
    .option('--default-ttl <seconds>', 'life of a token that asks for none', wholeNumber)
    .option('--cryptoperiod <seconds>', 'how long a key signs', wholeNumber)
    .option('--jwks-max-age <seconds>', 'how long verifiers may cache the key set', wholeNumber)
    .option('--max-stale <seconds>', 'how long they may go on when they cannot refresh it', wholeNumber)
    .option('--clock-skew <seconds>', 'how far clocks may differ', wholeNumber)
    .option('--token-types <types...>', '`typ` allowed: at+jwt, JWT, untyped; the first is the default')
    .option('--require-subject', 'refuse tokens without `sub` (default)')
    .option('--no-require-subject', 'allow them, but for access tokens (at+jwt)')
    .option('--record-subject <how>', 'in the ledger: plain (default), hashed or none')
    .option('--root-claim <name>', 'claim, such as txn, that names the event a token came from')
    .option('--no-root-claim', 'none (default)')
    .option('--suspend-on-forgery', 'a forged token takes its key out of use at once; the standby goes on')
    .option('--no-suspend-on-forgery', 'it raises an alarm only (default)')
    .option('--external-claims', 'identity servers may write all claims themselves, through /jws')
    .option('--no-external-claims', 'Keyward writes iss, aud, times and jti (default)')
    .option('--contacts <addresses...>', 'e-mail addresses of those whom news of the scope concerns')
    .option('--no-contacts', 'none (default)');
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
