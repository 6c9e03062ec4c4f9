import { ALGORITHMS, type Algorithm, type AlgorithmFacts, algorithmNamed } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { POLICY_BOUNDS, type ScopePolicy, TOKEN_TYPES, type TokenType } from '../kernel/policy.ts';
import { isObject } from '../lib/json.ts';
import { isCount } from './claim-checks.ts';
import { readPublicJwk, thumbprint } from './public-jwk.ts';

/** `typ` of a key set that the registry key has signed. */
export const KEY_SET_TYP = 'jwk-set+jwt';
/** A set of many large RSA keys is larger than any token. */
export const MAX_KEY_SET_LENGTH = 256 * 1024;
export const MAX_KEYS = 256;

/** A key as the set of its scope shows it (DESIGN §6). Times in seconds since the epoch. */
export interface PublishedKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly publicJwk: PublicJwk;
  /** `nbf`: first publication. */
  readonly publishedAt: number;
  /** `kw_sign_from`; null where the key has not signed yet as far as the set knows. */
  readonly signFrom: number | null;
  /** `kw_sign_until`. */
  readonly signUntil: number;
  /** `exp`: the latest instant at which a token of it can still be good. */
  readonly verifyUntil: number;
}

/** The part of a scope's policy that verifiers obey, `kw_policy`. */
export type PublishedPolicy = Pick<
  ScopePolicy,
  | 'maxTtlSeconds'
  | 'jwksMaxAgeSeconds'
  | 'maxStaleSeconds'
  | 'clockSkewSeconds'
  | 'tokenTypes'
  | 'requireSubject'
  | 'rootClaim'
>;

type Members = Readonly<Record<string, unknown>>;

export function composePublishedKey(key: PublishedKey) {
  return {
    ...key.publicJwk,
    kid: key.kid,
    use: 'sig',
    alg: key.algorithm,
    nbf: key.publishedAt,
    exp: key.verifyUntil,
    ...(key.signFrom === null ? {} : { kw_sign_from: key.signFrom }),
    kw_sign_until: key.signUntil,
  };
}

export function composePublishedPolicy(policy: PublishedPolicy) {
  return {
    max_ttl_seconds: policy.maxTtlSeconds,
    jwks_max_age_seconds: policy.jwksMaxAgeSeconds,
    max_stale_seconds: policy.maxStaleSeconds,
    clock_skew_seconds: policy.clockSkewSeconds,
    token_types: policy.tokenTypes,
    require_subject: policy.requireSubject,
    root_claim: policy.rootClaim,
  };
}

/**
 * `key_unproven` for what is no public key of a known algorithm, does not bear its thumbprint as `kid`, or has no
 * bounds in order: jose's key sets look at neither.
 */
export function readPublishedKey(value: unknown): PublishedKey {
  const publicJwk = readPublicJwk(value);
  const { kid, alg, use, nbf, exp, kw_sign_from: from, kw_sign_until: until } = value as Members;
  const algorithm = typeof alg === 'string' ? algorithmNamed(alg) : undefined;
  if (!algorithm || !fits(publicJwk, algorithm)) refuse('has no alg that fits it');
  if (use !== 'sig') refuse('is not for signatures');
  if (kid !== thumbprint(publicJwk)) refuse('has another kid than its thumbprint');
  if (!isCount(nbf) || !isCount(exp) || !isCount(until)) refuse('has no bounds');
  if (from !== undefined && !isCount(from)) refuse('has a bound that is no time');
  if (nbf > until || until > exp || (from ?? nbf) < nbf) refuse('has bounds out of order');
  const bounds = { publishedAt: nbf, signFrom: from ?? null, signUntil: until, verifyUntil: exp };
  return { kid, algorithm, publicJwk, ...bounds };
}

/** `invalid_policy` unless every member is there and within the bounds that any policy has. */
export function readPublishedPolicy(value: unknown): PublishedPolicy {
  const members = isObject(value) ? value : {};
  const span = (member: keyof typeof POLICY_BOUNDS, name: string): number => {
    const [low, high] = POLICY_BOUNDS[member];
    const given = members[name];
    return isCount(given) && given >= low && given <= high ? given : refusePolicy(name);
  };
  const { token_types: types, require_subject: requireSubject, root_claim: rootClaim } = members;
  if (typeof requireSubject !== 'boolean') return refusePolicy('require_subject');
  if (rootClaim !== null && typeof rootClaim !== 'string') return refusePolicy('root_claim');
  return {
    maxTtlSeconds: span('maxTtlSeconds', 'max_ttl_seconds'),
    jwksMaxAgeSeconds: span('jwksMaxAgeSeconds', 'jwks_max_age_seconds'),
    maxStaleSeconds: span('maxStaleSeconds', 'max_stale_seconds'),
    clockSkewSeconds: span('clockSkewSeconds', 'clock_skew_seconds'),
    tokenTypes: areTokenTypes(types) ? types : refusePolicy('token_types'),
    requireSubject,
    rootClaim,
  };
}

function fits(jwk: PublicJwk, algorithm: Algorithm): boolean {
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  if (facts.kty === 'RSA') return jwk.kty === 'RSA';
  return jwk.kty === facts.kty && jwk.crv === facts.crv;
}

function areTokenTypes(value: unknown): value is readonly TokenType[] {
  const known: readonly unknown[] = TOKEN_TYPES;
  return Array.isArray(value) && value.length > 0 && value.every((type) => known.includes(type));
}

function refuse(flaw: string): never {
  throw new KeywardError('key_unproven', `the public key ${flaw}`);
}

function refusePolicy(member: string): never {
  throw new KeywardError('invalid_policy', `kw_policy.${member} is missing or out of bounds`);
}
