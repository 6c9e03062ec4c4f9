import { describe, expect, it } from 'vitest';
import { bearerToken } from '../../../src/access/authenticator.ts';

describe('bearerToken', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer   abc'])('reads %o', (header) => {
    expect(bearerToken(header)).toBe('abc');
  });

  it.each([undefined, ''])('calls %o missing', (header) => {
    expect(() => bearerToken(header)).toThrow(expect.objectContaining({ code: 'credential_missing' }));
  });

  it.each([
    'Bearer',
    'Bearer ',
    'abc',
    'Basic YTpi',
    'Bearer a b',
    'Bearer abc ',
    ' Bearer abc',
    'Bearer\tabc',
    'Bearer abc, Bearer def',
    `Bearer ${'a'.repeat(250)}`,
  ])('calls %o malformed', (header) => {
    expect(() => bearerToken(header)).toThrow(expect.objectContaining({ code: 'credential_malformed' }));
  });

  it('reads up to 256 characters of header', () => {
    expect(bearerToken(`Bearer ${'a'.repeat(249)}`)).toHaveLength(249);
  });
});
