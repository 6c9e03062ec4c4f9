import { z } from 'zod';
import {
  DEFAULT_POLICY,
  POLICY_BOUNDS,
  type ScopePolicy,
  SUBJECT_RECORDINGS,
  TOKEN_TYPES,
} from '../kernel/policy.ts';
import { CONTACT, CONTACT_ADVICE, MAX_CONTACT_LENGTH, MAX_CONTACTS } from '../kernel/scope.ts';
import { withChanges } from '../kernel/scope-change.ts';

const seconds = (member: keyof typeof POLICY_BOUNDS, description: string) => {
  const [low, high] = POLICY_BOUNDS[member];
  const advice = `use a whole number from ${low} to ${high}`;
  return z.int(advice).min(low, advice).max(high, advice).meta({ description });
};

/** A scope's policy as the API writes it. */
export const policy = z
  .strictObject({
    max_ttl_seconds: seconds('maxTtlSeconds', 'The longest life of a token.'),
    default_ttl_seconds: seconds('defaultTtlSeconds', 'The life of a token that asks for none.'),
    cryptoperiod_seconds: seconds('cryptoperiodSeconds', 'How long a key signs.'),
    jwks_max_age_seconds: seconds('jwksMaxAgeSeconds', 'How long verifiers may cache the key set.'),
    max_stale_seconds: seconds(
      'maxStaleSeconds',
      'How long a verifier may go on with a key set that it cannot refresh.',
    ),
    clock_skew_seconds: seconds('clockSkewSeconds', 'How far the clocks of issuer and verifier may differ.'),
    token_types: z
      .array(
        z.enum(TOKEN_TYPES, `use ${TOKEN_TYPES.join(', ')}`),
        'use a list of token types; the first that Keyward writes is the default',
      )
      .meta({
        minItems: 1,
        maxItems: TOKEN_TYPES.length,
        description:
          '`typ` of its tokens; the first that Keyward writes is the default. `untyped`: none at all.',
      }),
    require_subject: z.boolean('use true or false').meta({
      description: 'Whether every token needs `sub`; an access token (`at+jwt`) always does.',
    }),
    record_subject: z
      .enum(SUBJECT_RECORDINGS, `use one of ${SUBJECT_RECORDINGS.join(', ')}`)
      .meta({ description: 'How the ledger keeps the subject.' }),
    root_claim: z.string('name a claim, or null').nullable().meta({
      maxLength: 64,
      description: 'The claim, such as `txn`, that names the event a token came from.',
    }),
    suspend_on_forgery: z.boolean('use true or false').meta({
      description: 'Whether a forged token takes its key out of use at once, and the standby goes on.',
    }),
    external_claims: z.boolean('use true or false').meta({
      description:
        'Whether callers may have signing inputs of their own signed (`/jws`), with all claims written by them.',
    }),
  })
  .meta({ id: 'Policy' });

export type PolicyMembers = z.infer<typeof policy>;

export function policyRepresentation(of: ScopePolicy): PolicyMembers {
  return {
    max_ttl_seconds: of.maxTtlSeconds,
    default_ttl_seconds: of.defaultTtlSeconds,
    cryptoperiod_seconds: of.cryptoperiodSeconds,
    jwks_max_age_seconds: of.jwksMaxAgeSeconds,
    max_stale_seconds: of.maxStaleSeconds,
    clock_skew_seconds: of.clockSkewSeconds,
    token_types: [...of.tokenTypes],
    require_subject: of.requireSubject,
    record_subject: of.recordSubject,
    root_claim: of.rootClaim,
    suspend_on_forgery: of.suspendOnForgery,
    external_claims: of.externalClaims,
  };
}

type Given = Partial<{ [K in keyof PolicyMembers]: PolicyMembers[K] | undefined }>;

/** The defaults, with what was given in their place; a shorter `max_ttl_seconds` alone shortens the default. */
export function policyOf(given: Given): ScopePolicy {
  return withChanges(DEFAULT_POLICY, policyChange(given));
}

/** Only what was given. */
export function policyChange(given: Given): Partial<ScopePolicy> {
  const members: { [K in keyof ScopePolicy]: ScopePolicy[K] | undefined } = {
    maxTtlSeconds: given.max_ttl_seconds,
    defaultTtlSeconds: given.default_ttl_seconds,
    cryptoperiodSeconds: given.cryptoperiod_seconds,
    jwksMaxAgeSeconds: given.jwks_max_age_seconds,
    maxStaleSeconds: given.max_stale_seconds,
    clockSkewSeconds: given.clock_skew_seconds,
    tokenTypes: given.token_types,
    requireSubject: given.require_subject,
    recordSubject: given.record_subject,
    rootClaim: given.root_claim,
    suspendOnForgery: given.suspend_on_forgery,
    externalClaims: given.external_claims,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

const contact = z.string('use text').regex(CONTACT, CONTACT_ADVICE).max(MAX_CONTACT_LENGTH, CONTACT_ADVICE);

/** How many there may be, and that none stands twice, is for `contactFlaws` to say. */
export const contacts = z.array(contact, 'use a list of addresses').meta({
  description: 'E-mail addresses of those whom news of the scope concerns.',
  maxItems: MAX_CONTACTS,
  uniqueItems: true,
  examples: [['security@example.com']],
});
