import { expect, it, vi } from 'vitest';
import type { LivingTokens, LivingTokensReader } from '../../../src/kernel/ledger-search.ts';
import { DEFAULT_POLICY, type ScopePolicy } from '../../../src/kernel/policy.ts';
import { createPolicyPreview } from '../../../src/keys/preview-policy.ts';
import { aScope } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const LIVING: LivingTokens = { tokens: 9, longer: 5, withoutSubject: 2, complete: true };

function preview(living: LivingTokensReader['living'] = async () => LIVING) {
  const scope = aScope({ id: 'payments', policy: { ...DEFAULT_POLICY, requireSubject: false } });
  const asked = vi.fn(living);
  const onFailure = vi.fn();
  const { refusals } = createPolicyPreview({
    keyRing: { scope: (id) => (id === scope.id ? scope : undefined) },
    livingTokens: { living: asked },
    clock: { nowSeconds: () => NOW },
    onFailure,
  });
  return { refusals: (change: Partial<ScopePolicy>) => refusals('payments', change), asked, onFailure };
}

it('counts the living tokens that are longer than a shorter limit, of those that are accepted now', async () => {
  const { refusals, asked } = preview();
  expect(await refusals({ maxTtlSeconds: 900 })).toEqual([
    { member: 'maxTtlSeconds', counted: { tokens: 5, bound: 'exact' } },
  ]);
  expect(asked.mock.calls).toEqual([
    [{ scopeId: 'payments', at: NOW, acceptedTtlSeconds: 3600, ttlSeconds: 900 }],
  ]);
});

it.each<[Partial<ScopePolicy>, string, number]>([
  [{ tokenTypes: ['JWT'] }, 'tokenTypes', 9],
  [{ tokenTypes: ['JWT', 'untyped'] }, 'tokenTypes', 9],
  [{ requireSubject: true }, 'requireSubject', 2],
])(
  'says of %j how many it refuses at most: the ledger does not say it of each',
  async (change, member, tokens) => {
    expect(await preview().refusals(change)).toEqual([{ member, counted: { tokens, bound: 'at_most' } }]);
  },
);

it.each<Partial<ScopePolicy>>([
  {},
  { maxTtlSeconds: 3600 },
  { maxTtlSeconds: 7200 },
  { tokenTypes: ['JWT', 'at+jwt'] },
  { tokenTypes: ['at+jwt', 'JWT', 'untyped'] },
  { requireSubject: false },
  { defaultTtlSeconds: 60, cryptoperiodSeconds: 86_400, jwksMaxAgeSeconds: 60, maxStaleSeconds: 60 },
  { clockSkewSeconds: 5, suspendOnForgery: true, externalClaims: false, recordSubject: 'none' },
])('of %j counts nothing: it refuses no living token', async (change) => {
  const { refusals, asked } = preview();
  expect(await refusals(change)).toEqual([]);
  expect(asked).not.toHaveBeenCalled();
});

it('of what was read in part says the least, and no most', async () => {
  const { refusals } = preview(async () => ({ ...LIVING, complete: false }));
  expect(await refusals({ maxTtlSeconds: 900, tokenTypes: ['JWT'], requireSubject: true })).toEqual([
    { member: 'maxTtlSeconds', counted: { tokens: 5, bound: 'at_least' } },
    { member: 'tokenTypes', counted: null },
    { member: 'requireSubject', counted: null },
  ]);
});

it('answers without a count where it cannot be counted, and tells of the failure', async () => {
  const failure = new Error('the disk is away');
  const { refusals, onFailure } = preview(() => Promise.reject(failure));
  expect(await refusals({ maxTtlSeconds: 900 })).toEqual([{ member: 'maxTtlSeconds', counted: null }]);
  expect(onFailure.mock.calls).toEqual([[failure, 'payments']]);
});
