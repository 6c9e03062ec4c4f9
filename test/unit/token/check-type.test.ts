import { describe, expect, it } from 'vitest';
import { isAccessTokenType, isAllowedType } from '../../../src/token/check-claims.ts';

describe('isAllowedType', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'APPLICATION/At+Jwt'])('takes %s for at+jwt', (typ) => {
    expect(isAllowedType(typ, ['at+jwt'])).toBe(true);
    expect(isAllowedType(typ, ['JWT'])).toBe(false);
    expect(isAccessTokenType(typ)).toBe(true);
  });

  it.each(['JWT', 'jwt', 'application/jwt'])('takes %s for JWT', (typ) => {
    expect(isAllowedType(typ, ['JWT'])).toBe(true);
    expect(isAllowedType(typ, ['at+jwt'])).toBe(false);
    expect(isAccessTokenType(typ)).toBe(false);
  });

  it('takes no typ for untyped, and nothing else for it', () => {
    expect(isAllowedType(undefined, ['untyped'])).toBe(true);
    expect(isAllowedType('untyped', ['untyped'])).toBe(false);
    expect(isAllowedType('JWT', ['untyped'])).toBe(false);
    expect(isAccessTokenType(undefined)).toBe(false);
  });

  it.each([
    undefined,
    null,
    '',
    1,
    ['JWT'],
    {},
    'JWTs',
    ' JWT',
    'application/',
    'text/at+jwt',
    'application//jwt',
  ])('takes %j for nothing', (typ) => {
    expect(isAllowedType(typ, ['at+jwt', 'JWT'])).toBe(false);
  });
});
