import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEFAULT_POLICY, type ScopePolicy, validatePolicy } from '../../../src/kernel/policy.ts';
import {
  changedMembers,
  narrowedOnly,
  widenedMembers,
  withChanges,
} from '../../../src/kernel/scope-change.ts';
import { soundPolicy } from '../../support/arbitrary-policy.ts';

const FROM: ScopePolicy = {
  ...DEFAULT_POLICY,
  suspendOnForgery: true,
  recordSubject: 'hashed',
  rootClaim: 'txn',
};

it.each<[Partial<ScopePolicy>]>([
  [{ maxTtlSeconds: 3601 }],
  [{ defaultTtlSeconds: 301 }],
  [{ cryptoperiodSeconds: 14 * 86_400 + 1 }],
  [{ jwksMaxAgeSeconds: 301 }],
  [{ maxStaleSeconds: 3601 }],
  [{ clockSkewSeconds: 31 }],
  [{ tokenTypes: ['JWT', 'at+jwt'] }],
  [{ requireSubject: false }],
  [{ recordSubject: 'none' }],
  [{ recordSubject: 'plain' }],
  [{ rootClaim: null }],
  [{ rootClaim: 'sid' }],
  [{ suspendOnForgery: false }],
  [{ externalClaims: true }],
  [{ tokenTypes: ['at+jwt', 'JWT', 'untyped'] }],
])('%j widens', (change) => {
  expect(widenedMembers(FROM, { ...FROM, ...change })).toEqual(Object.keys(change));
});

const NARROW: ScopePolicy = {
  ...FROM,
  requireSubject: false,
  suspendOnForgery: false,
  externalClaims: true,
};

it.each<[Partial<ScopePolicy>]>([
  [{ maxTtlSeconds: 3599 }],
  [{ defaultTtlSeconds: 299 }],
  [{ cryptoperiodSeconds: 3_600 }],
  [{ jwksMaxAgeSeconds: 299 }],
  [{ maxStaleSeconds: 0 }],
  [{ clockSkewSeconds: 0 }],
  [{ tokenTypes: ['at+jwt'] }],
  [{ tokenTypes: ['JWT'] }],
  [{ requireSubject: true }],
  [{ suspendOnForgery: true }],
  [{ externalClaims: false }],
])('%j narrows', (change) => {
  const after = { ...NARROW, ...change };
  expect([changedMembers(NARROW, after), widenedMembers(NARROW, after)]).toEqual([Object.keys(change), []]);
});

it('widens where a second token type joins, wherever it stands', () => {
  const before: ScopePolicy = { ...FROM, tokenTypes: ['JWT'] };
  for (const tokenTypes of [['JWT', 'at+jwt'], ['at+jwt', 'JWT'], ['at+jwt']] as const) {
    expect(widenedMembers(before, { ...before, tokenTypes })).toEqual(['tokenTypes']);
  }
});

it('shortens the default lifetime with the longest, and only where no other was asked for', () => {
  expect(withChanges(FROM, { maxTtlSeconds: 60 })).toEqual({
    ...FROM,
    maxTtlSeconds: 60,
    defaultTtlSeconds: 60,
  });
  expect(withChanges(FROM, { maxTtlSeconds: 60, defaultTtlSeconds: 30 }).defaultTtlSeconds).toBe(30);
  expect(withChanges(FROM, { maxTtlSeconds: 7200 })).toEqual({ ...FROM, maxTtlSeconds: 7200 });
});

it('never takes both a change and its undoing for one that narrows', () => {
  fc.assert(
    fc.property(soundPolicy, soundPolicy, (one, other) => {
      const [there, back] = [widenedMembers(one, other), widenedMembers(other, one)];
      expect([...new Set([...there, ...back])].sort()).toEqual([...changedMembers(one, other)].sort());
    }),
  );
});

it('parts any change into what narrows, which is sound by itself, and the rest', () => {
  fc.assert(
    fc.property(soundPolicy, soundPolicy, (before, after) => {
      const between = narrowedOnly(before, after);
      validatePolicy(between);
      expect(widenedMembers(before, between)).toEqual([]);
      expect(changedMembers(between, after)).toEqual(widenedMembers(before, after));
    }),
  );
});

it('finds nothing between a policy and itself', () => {
  fc.assert(
    fc.property(soundPolicy, (policy) => {
      validatePolicy(policy);
      expect(changedMembers(policy, structuredClone(policy))).toEqual([]);
      expect(withChanges(policy, {})).toEqual(policy);
    }),
  );
});
