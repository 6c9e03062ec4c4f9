import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/signer/pace.ts';

function isSlowAfter(
  algorithm: 'ES256' | 'RS256',
  ...took: readonly (readonly [count: number, ms: number])[]
) {
  const pace = new Pace();
  for (const [count, ms] of took) for (let n = 0; n < count; n++) pace.took(algorithm, ms);
  return pace.isSlow(algorithm);
}

describe('the pace of a token', () => {
  it('is taken to be quick for elliptic curves and slow for RSA, until eight signatures were seen', () => {
    expect(isSlowAfter('ES256')).toBe(false);
    expect(isSlowAfter('RS256')).toBe(true);
    expect(isSlowAfter('ES256', [7, 5])).toBe(false);
    expect(isSlowAfter('RS256', [7, 0.1])).toBe(true);
  });

  it('is what the last eight signatures say', () => {
    expect(isSlowAfter('ES256', [8, 5])).toBe(true);
    expect(isSlowAfter('RS256', [8, 0.1])).toBe(false);
    expect(isSlowAfter('ES256', [8, 5], [8, 0.1])).toBe(false);
  });

  it('is the quickest of them: a busy machine delays single ones', () => {
    expect(isSlowAfter('ES256', [7, 20], [1, 0.1])).toBe(false);
  });

  it('stays between the bounds', () => {
    expect(isSlowAfter('ES256', [8, 0.3])).toBe(false);
    expect(isSlowAfter('ES256', [8, 5], [8, 0.3])).toBe(true);
  });

  it('is each algorithm’s own', () => {
    const pace = new Pace();
    for (let n = 0; n < 8; n++) pace.took('ES384', 5);
    expect(pace.isSlow('ES384')).toBe(true);
    expect(pace.isSlow('ES256')).toBe(false);
  });
});
