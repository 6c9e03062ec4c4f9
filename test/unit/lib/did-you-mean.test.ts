import { expect, it } from 'vitest';
import { didYouMean } from '../../../src/lib/did-you-mean.ts';

const MEMBERS = ['policy', 'contacts', 'max_ttl_seconds', 'max_stale_seconds'];

it.each([
  ['polcy', 'policy'],
  ['plicy', 'policy'],
  ['ploicy', 'policy'],
  ['policyy', 'policy'],
  ['Policy', 'policy'],
  ['contact', 'contacts'],
  ['max_ttl_second', 'max_ttl_seconds'],
  ['maxTtlSeconds', 'max_ttl_seconds'],
  ['max_stale', 'max_stale_seconds'],
  ['audience', undefined],
  ['p', undefined],
  ['', undefined],
  ['x'.repeat(1_000_000), undefined],
])('%j was meant as %j', (written, meant) => {
  expect(didYouMean(written, MEMBERS)).toBe(meant);
});

it('means nothing where there is nothing to mean', () => {
  expect(didYouMean('policy', [])).toBeUndefined();
});
