import { expect, it } from 'vitest';
import { DEFAULT_POLICY, type ScopePolicy, validatePolicy } from '../../../src/kernel/policy.ts';

const refusal = (change: Partial<ScopePolicy>) => {
  try {
    validatePolicy({ ...DEFAULT_POLICY, ...change });
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
};

it.each(['txn', 'sid', 'signIn', 'https://id.example/sign_in', 'x'.repeat(64), null])(
  'takes %s as the root claim',
  (rootClaim) => {
    expect(refusal({ rootClaim })).toBe('taken');
  },
);

it.each(['', 'sub', 'Sub', 'jti', 'JTI', 'iat', 'Txn', 'SID', 'Client_ID', 'sign in', 'x'.repeat(65), 'é'])(
  'refuses %j as the root claim',
  (rootClaim) => {
    expect(refusal({ rootClaim })).toMatch(/^policy\.root_claim: name a claim/);
  },
);

it.each(['plain', 'hashed', 'none'] as const)('takes %s for the subject', (recordSubject) => {
  expect(refusal({ recordSubject })).toBe('taken');
});

it('refuses any other way to record the subject', () => {
  const recordSubject = 'encrypted' as ScopePolicy['recordSubject'];
  expect(refusal({ recordSubject })).toBe('policy.record_subject: use one of plain, hashed, none');
});
