import { hash } from 'node:crypto';
import { claimMistakenFor, readsAsReserved } from './claim-names.ts';
import { type ErrorCode, KeywardError } from './errors.ts';

/** How a scope's policy has the ledger keep the subject of a token. */
export const SUBJECT_RECORDINGS = ['plain', 'hashed', 'none'] as const;
type SubjectRecording = (typeof SUBJECT_RECORDINGS)[number];

const RECORDINGS = {
  plain: (subject) => subject,
  hashed: hashedSubject,
  none: () => null,
} as const satisfies Record<SubjectRecording, (subject: string) => string | null>;

/** What stands in the record. */
export function recordedSubject(subject: string | null, recording: SubjectRecording): string | null {
  return subject === null ? null : RECORDINGS[recording](subject);
}

/** The same for one subject in every scope, so that all that concerns them can be found and erased. */
export function hashedSubject(subject: string): string {
  return `sha256:${hash('sha256', subject, 'base64url')}`;
}

/** One thing that is wrong with what somebody asked for. */
export interface ValidationIssue {
  /** Where it stands, in the API's names: `['policy', 'max_ttl_seconds']`. */
  readonly path: readonly (string | number)[];
  /** What to write instead. */
  readonly advice: string;
}

/** Throws an error of that code naming the first flaw; returns where there is none. */
export function refuseFlawed(code: ErrorCode, [flaw]: readonly ValidationIssue[]): void {
  if (flaw) throw new KeywardError(code, `${flaw.path.join('.')}: ${flaw.advice}`);
}

/** `typ` of the tokens that Keyward writes (RFC 8725 §3.11): `at+jwt` is RFC 9068's access token. */
export const WRITTEN_TYPES = ['at+jwt', 'JWT'] as const;
export type WrittenType = (typeof WRITTEN_TYPES)[number];

/** What a policy may allow. `untyped`: no `typ` at all, as many identity servers write their ID tokens. */
export const TOKEN_TYPES = [...WRITTEN_TYPES, 'untyped'] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

export interface ScopePolicy {
  /** The longest life of a token. A request without `ttl_seconds` gets `defaultTtlSeconds`. */
  readonly maxTtlSeconds: number;
  readonly defaultTtlSeconds: number;
  /** Length of a key's signing window. */
  readonly cryptoperiodSeconds: number;
  readonly jwksMaxAgeSeconds: number;
  /** How long a verifier may go on with a key set that it cannot refresh. */
  readonly maxStaleSeconds: number;
  readonly clockSkewSeconds: number;
  /** The first that Keyward writes is the default. */
  readonly tokenTypes: readonly TokenType[];
  readonly requireSubject: boolean;
  /** How the ledger keeps the subject. */
  readonly recordSubject: SubjectRecording;
  /** The claim, such as `txn`, that names the event a token came from; the ledger keeps its value. */
  readonly rootClaim: string | null;
  /** Whether a forged token takes its key out of use at once, and the standby goes on. */
  readonly suspendOnForgery: boolean;
  /** Whether callers may have signing inputs of their own signed, `iss` to `jti` included (I2's exception). */
  readonly externalClaims: boolean;
}

export const DEFAULT_POLICY: ScopePolicy = Object.freeze({
  maxTtlSeconds: 3600,
  defaultTtlSeconds: 300,
  cryptoperiodSeconds: 14 * 86_400,
  jwksMaxAgeSeconds: 300,
  maxStaleSeconds: 3600,
  clockSkewSeconds: 30,
  tokenTypes: Object.freeze(['at+jwt', 'JWT'] as const),
  requireSubject: true,
  recordSubject: 'plain',
  rootClaim: null,
  suspendOnForgery: false,
  externalClaims: false,
});

type Seconds = {
  [K in keyof ScopePolicy]: ScopePolicy[K] extends number ? K : never;
}[keyof ScopePolicy];

const DAY = 86_400;
/** Longer takes two persons, as does every lengthening; no policy goes beyond a year (NIST IR 8587). */
const LONGEST_CRYPTOPERIOD = 365 * DAY;

/** Lowest and highest value of each span, in seconds. */
export const POLICY_BOUNDS = {
  maxTtlSeconds: [1, DAY],
  defaultTtlSeconds: [1, DAY],
  cryptoperiodSeconds: [3_600, LONGEST_CRYPTOPERIOD],
  jwksMaxAgeSeconds: [1, 3_600],
  maxStaleSeconds: [0, 7 * DAY],
  clockSkewSeconds: [0, 300],
} as const satisfies Record<Seconds, readonly [number, number]>;

/** The longest time until every verifier that keeps to the policy holds what was published. */
export function propagationSeconds({
  jwksMaxAgeSeconds,
  maxStaleSeconds,
  clockSkewSeconds,
}: Pick<ScopePolicy, 'jwksMaxAgeSeconds' | 'maxStaleSeconds' | 'clockSkewSeconds'>): number {
  return jwksMaxAgeSeconds + maxStaleSeconds + clockSkewSeconds;
}

/** Throws `invalid_policy` naming the first member that is wrong, as the API writes it, and its bounds. */
export function validatePolicy(policy: ScopePolicy): void {
  refuseFlawed('invalid_policy', policyFlaws(policy));
}

/** All that is wrong with a policy, also where one member contradicts another. */
export function policyFlaws(policy: ScopePolicy): readonly ValidationIssue[] {
  return (Object.entries(RULES) as [keyof ScopePolicy, Rule][]).flatMap(([member, rule]) => {
    const advice = rule(policy);
    return advice === undefined ? [] : [{ path: ['policy', memberName(member)], advice }];
  });
}

/** A member as the API and the audit trail write it: `max_ttl_seconds`. */
export function memberName(member: keyof ScopePolicy): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What to write instead; undefined where the member is sound. */
type Rule = (policy: ScopePolicy) => string | undefined;

const RULES: Record<keyof ScopePolicy, Rule> = {
  maxTtlSeconds: within('maxTtlSeconds'),
  defaultTtlSeconds: (policy) =>
    within('defaultTtlSeconds')(policy) ??
    (policy.defaultTtlSeconds > policy.maxTtlSeconds ? 'must not exceed max_ttl_seconds' : undefined),
  cryptoperiodSeconds: (policy) =>
    within('cryptoperiodSeconds')(policy) ??
    (policy.cryptoperiodSeconds < policy.maxTtlSeconds
      ? 'must not be shorter than max_ttl_seconds'
      : undefined) ??
    (policy.cryptoperiodSeconds <= propagationSeconds(policy)
      ? 'must be longer than jwks_max_age_seconds, max_stale_seconds and clock_skew_seconds together: a standby has to be in every cache before it signs'
      : undefined),
  jwksMaxAgeSeconds: within('jwksMaxAgeSeconds'),
  maxStaleSeconds: within('maxStaleSeconds'),
  clockSkewSeconds: within('clockSkewSeconds'),
  tokenTypes: ({ tokenTypes }) => {
    const types = new Set(tokenTypes);
    if (types.size === 0 || types.size !== tokenTypes.length) return 'name each type once';
    return tokenTypes.every((type) => TOKEN_TYPES.includes(type))
      ? undefined
      : `use ${TOKEN_TYPES.join(', ')}`;
  },
  requireSubject: () => undefined,
  recordSubject: ({ recordSubject }) =>
    SUBJECT_RECORDINGS.includes(recordSubject) ? undefined : `use one of ${SUBJECT_RECORDINGS.join(', ')}`,
  rootClaim: ({ rootClaim }) =>
    rootClaim === null || isRootClaim(rootClaim)
      ? undefined
      : 'name a claim of the caller’s other than sub, registered ones as they are registered, in 1 to 64 printable ASCII characters',
  suspendOnForgery: () => undefined,
  externalClaims: () => undefined,
};

function within(member: Seconds): Rule {
  const [low, high] = POLICY_BOUNDS[member];
  return ({ [member]: value }) =>
    Number.isInteger(value) && value >= low && value <= high
      ? undefined
      : `use a whole number from ${low} to ${high}`;
}

/** The subject is kept as `recordSubject` says; what the service writes itself is no event of the caller's. */
function isRootClaim(name: string): boolean {
  const isOwn = name !== 'sub' && !readsAsReserved(name) && claimMistakenFor(name) === undefined;
  return isOwn && /^[!-~]{1,64}$/.test(name);
}
