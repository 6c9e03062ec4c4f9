import { describe, expect, it } from 'vitest';
import { areWellFormed, refusalOfClaims } from '../../../src/token/check-claims.ts';

const rules = {
  issuer: 'https://login.example.com',
  audience: 'payments',
  clockSkewSeconds: 30,
  maxTtlSeconds: 3_600,
  signFrom: 5_000,
  signUntil: 20_000,
};
const claims = { iss: rules.issuer, aud: 'payments', iat: 10_000, nbf: 9_970, exp: 10_300 };
const judge = (changes: object, now = 10_000, narrower: object = {}) =>
  refusalOfClaims({ ...claims, ...changes }, { ...rules, ...narrower }, now);

describe('refusalOfClaims', () => {
  it.each([
    ['good claims', {}, 10_000, undefined],
    ['one audience in a list', { aud: ['payments'] }, 10_000, undefined],
    ['another issuer', { iss: 'https://login.example.org' }, 10_000, 'wrong_issuer'],
    ['another audience', { aud: 'mail' }, 10_000, 'wrong_audience'],
    ['a second audience', { aud: ['payments', 'mail'] }, 10_000, 'wrong_audience'],
    ['the last second with skew', {}, 10_329, undefined],
    ['the first second beyond', {}, 10_330, 'expired'],
    ['a clock behind by the skew', { nbf: undefined }, 9_970, undefined],
    ['a clock behind by more', { nbf: undefined }, 9_969, 'not_yet_valid'],
    ['nbf at the skew', { nbf: 10_030 }, 10_000, undefined],
    ['nbf beyond', { nbf: 10_030.5 }, 10_000, 'not_yet_valid'],
    ['iat at the start of the window', { iat: 5_000, nbf: 5_000, exp: 5_300 }, 5_000, undefined],
    ['iat before it', { iat: 4_999, nbf: 4_999, exp: 5_300 }, 5_000, 'outside_signing_window'],
    ['iat at the end of the window', { iat: 20_000, exp: 20_300 }, 20_000, undefined],
    ['iat after it', { iat: 20_001, exp: 20_300 }, 20_000, 'outside_signing_window'],
    ['the longest life', { exp: 13_600 }, 10_000, undefined],
    ['a longer one', { exp: 13_601 }, 10_000, 'lifetime_too_long'],
  ])('%s', (_, changes, now, reason) => {
    expect(judge(changes, now)).toBe(reason);
  });

  it('allows no skew where there is none', () => {
    expect(judge({}, 10_299, { clockSkewSeconds: 0 })).toBeUndefined();
    expect(judge({}, 10_300, { clockSkewSeconds: 0 })).toBe('expired');
    expect(judge({}, 9_999, { clockSkewSeconds: 0 })).toBe('not_yet_valid');
  });

  it('names the first rule that is broken', () => {
    const broken = { iss: 'x', aud: 'x', iat: 1, nbf: 99_999, exp: 9_000 };
    expect(judge(broken)).toBe('wrong_issuer');
    expect(judge({ ...broken, iss: rules.issuer })).toBe('wrong_audience');
    expect(judge({ ...broken, iss: rules.issuer, aud: 'payments' })).toBe('expired');
    expect(judge({ iat: 1, nbf: 99_999, exp: 99_999 })).toBe('not_yet_valid');
    expect(judge({ iat: 1, exp: 99_999 })).toBe('outside_signing_window');
    expect(judge({ exp: 99_999 })).toBe('lifetime_too_long');
  });
});

describe('areWellFormed', () => {
  const wellFormed = (changes: object, typ = 'at+jwt') =>
    areWellFormed({
      header: { alg: 'ES256', kid: 'k', typ },
      claims: JSON.parse(JSON.stringify({ iat: 1, exp: 2, jti: 'j', client_id: 'c', sub: 's', ...changes })),
    });

  it.each([
    [{}, true],
    [{ nbf: 0.5, sub: 'u' }, true],
    [{ exp: undefined }, false],
    [{ exp: '2' }, false],
    [{ exp: null }, false],
    [{ iat: undefined }, false],
    [{ iat: true }, false],
    [{ nbf: null }, false],
    [{ sub: undefined }, false],
    [{ sub: '' }, false],
    [{ sub: ['u'] }, false],
    [{ jti: undefined }, false],
    [{ jti: '' }, false],
    [{ client_id: undefined }, false],
    [{ client_id: 1 }, false],
  ])('of an access token with %j: %s', (changes, answer) => {
    expect(wellFormed(changes)).toBe(answer);
    expect(wellFormed(changes, 'application/AT+JWT')).toBe(answer);
  });

  it('asks neither sub, jti nor client_id of another token, but still for their form', () => {
    expect(wellFormed({ sub: undefined, jti: undefined, client_id: undefined }, 'JWT')).toBe(true);
    expect(wellFormed({ sub: '' }, 'JWT')).toBe(false);
    expect(wellFormed({ jti: 1 }, 'JWT')).toBe(false);
    expect(wellFormed({ client_id: '' }, 'JWT')).toBe(false);
  });

  it('takes no infinite number for a time', () => {
    const header = { alg: 'ES256', kid: 'k', typ: 'JWT' };
    expect(areWellFormed({ header, claims: { iat: 1, exp: Number.POSITIVE_INFINITY } })).toBe(false);
    expect(areWellFormed({ header, claims: { iat: Number.NaN, exp: 1 } })).toBe(false);
    expect(areWellFormed({ header, claims: { iat: 1, exp: 1, nbf: Number.NEGATIVE_INFINITY } })).toBe(false);
  });
});
