import fc from 'fast-check';
import {
  POLICY_BOUNDS,
  propagationSeconds,
  type ScopePolicy,
  SUBJECT_RECORDINGS,
  TOKEN_TYPES,
} from '../../src/kernel/policy.ts';

const span = (member: keyof typeof POLICY_BOUNDS) => {
  const [min, max] = POLICY_BOUNDS[member];
  // Small values too, so that two of them are often equal or near.
  return fc.oneof(fc.integer({ min, max }), fc.integer({ min, max: Math.min(max, min + 5) }));
};

/** Any policy that `validatePolicy` takes. */
export const soundPolicy: fc.Arbitrary<ScopePolicy> = fc
  .record({
    maxTtlSeconds: span('maxTtlSeconds'),
    defaultTtlSeconds: span('defaultTtlSeconds'),
    cryptoperiodSeconds: span('cryptoperiodSeconds'),
    jwksMaxAgeSeconds: span('jwksMaxAgeSeconds'),
    maxStaleSeconds: span('maxStaleSeconds'),
    clockSkewSeconds: span('clockSkewSeconds'),
    tokenTypes: fc.shuffledSubarray([...TOKEN_TYPES], { minLength: 1 }),
    requireSubject: fc.boolean(),
    recordSubject: fc.constantFrom(...SUBJECT_RECORDINGS),
    rootClaim: fc.constantFrom(null, 'txn', 'sid'),
    suspendOnForgery: fc.boolean(),
    externalClaims: fc.boolean(),
  })
  .map((policy) => ({
    ...policy,
    defaultTtlSeconds: Math.min(policy.defaultTtlSeconds, policy.maxTtlSeconds),
    cryptoperiodSeconds: Math.max(
      policy.cryptoperiodSeconds,
      policy.maxTtlSeconds,
      propagationSeconds(policy) + 1,
    ),
  }));
