import { KeywardError } from './errors.ts';
import { RESERVED_CLAIMS } from './issuance.ts';
import { SUBJECT_RECORDINGS, type SubjectRecording } from './recorded-subject.ts';

/** `typ` of a token (RFC 8725 §3.11): `at+jwt` is RFC 9068's access token. */
export const TOKEN_TYPES = ['at+jwt', 'JWT'] as const;
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
  /** The first is the default. */
  readonly tokenTypes: readonly TokenType[];
  readonly requireSubject: boolean;
  /** How the ledger keeps the subject. */
  readonly recordSubject: SubjectRecording;
  /** The claim, such as `txn`, that names the event a token came from; the ledger keeps its value. */
  readonly rootClaim: string | null;
  /** Whether a forged token takes its key out of use at once, and the standby goes on. */
  readonly suspendOnForgery: boolean;
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
});

type Seconds = {
  [K in keyof ScopePolicy]: ScopePolicy[K] extends number ? K : never;
}[keyof ScopePolicy];

/** Lowest and highest value of each span, in seconds. */
export const POLICY_BOUNDS = {
  maxTtlSeconds: [1, 86_400],
  defaultTtlSeconds: [1, 86_400],
  cryptoperiodSeconds: [3_600, 90 * 86_400],
  jwksMaxAgeSeconds: [1, 3_600],
  maxStaleSeconds: [0, 7 * 86_400],
  clockSkewSeconds: [0, 300],
} as const satisfies Record<Seconds, readonly [number, number]>;

/** Throws `invalid_policy` naming the member, as the API writes it, and its bounds. */
export function validatePolicy(policy: ScopePolicy): void {
  for (const [member, [low, high]] of Object.entries(POLICY_BOUNDS) as [Seconds, [number, number]][]) {
    const value = policy[member];
    if (!Number.isInteger(value) || value < low || value > high) {
      refuse(member, `use a whole number from ${low} to ${high}`);
    }
  }
  if (policy.defaultTtlSeconds > policy.maxTtlSeconds)
    refuse('defaultTtlSeconds', 'must not exceed max_ttl_seconds');
  if (policy.cryptoperiodSeconds < policy.maxTtlSeconds) {
    refuse('cryptoperiodSeconds', 'must not be shorter than max_ttl_seconds');
  }
  const types = new Set(policy.tokenTypes);
  if (types.size === 0 || types.size !== policy.tokenTypes.length)
    refuse('tokenTypes', 'name each type once');
  if (!policy.tokenTypes.every((type) => TOKEN_TYPES.includes(type))) {
    refuse('tokenTypes', `use ${TOKEN_TYPES.join(' and ')}`);
  }
  if (!SUBJECT_RECORDINGS.includes(policy.recordSubject)) {
    refuse('recordSubject', `use one of ${SUBJECT_RECORDINGS.join(', ')}`);
  }
  if (policy.rootClaim !== null && !isRootClaim(policy.rootClaim)) {
    refuse('rootClaim', 'name a claim of the caller’s other than sub, in 1 to 64 printable ASCII characters');
  }
}

/** The subject is kept as `recordSubject` says; what the service writes itself is no event of the caller's. */
function isRootClaim(name: string): boolean {
  return /^[!-~]{1,64}$/.test(name) && ![...RESERVED_CLAIMS, 'sub'].includes(name);
}

function refuse(member: keyof ScopePolicy, advice: string): never {
  const name = member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  throw new KeywardError('invalid_policy', `policy.${name}: ${advice}`);
}
