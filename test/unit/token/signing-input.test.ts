import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseSigningInput } from '../../../src/token/parse-token.ts';
import { composeSigningInput, digestOf } from '../../../src/token/signing-input.ts';

describe('composeSigningInput', () => {
  it('encodes header and claims as they are', () => {
    expect(composeSigningInput({ alg: 'ES256', typ: 'at+jwt', kid: 'k' }, '{"sub":"é"}')).toBe(
      'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsifQ.eyJzdWIiOiLDqSJ9',
    );
  });

  it('never takes one header for another', () => {
    const headers = [
      { alg: 'ES256', typ: 'at+jwt', kid: 'k' },
      { alg: 'ES256', typ: 'JWT', kid: 'k' },
      { alg: 'ES384', typ: 'at+jwt', kid: 'k' },
      { alg: 'ES256', typ: 'at+jwt', kid: 'l' },
    ] as const;
    for (const header of [...headers, ...headers]) {
      expect(parseSigningInput(composeSigningInput(header, '{}'))).toEqual({
        ok: true,
        token: { header, claims: {} },
      });
    }
  });

  it('stays right when more keys pass through than it remembers', () => {
    for (let n = 0; n < 10_000; n++) composeSigningInput({ alg: 'ES256', typ: 'JWT', kid: `k${n}` }, '{}');
    const header = { alg: 'ES256', typ: 'JWT', kid: 'k1' } as const;
    expect(parseSigningInput(composeSigningInput(header, '{}'))).toEqual({
      ok: true,
      token: { header, claims: {} },
    });
  });
});

describe('digestOf', () => {
  it('is SHA-256 of the text', () => {
    expect(digestOf('a.b')).toEqual(createHash('sha256').update('a.b').digest());
    expect(digestOf('a.b').toString('hex')).toBe(
      '2e7336dc8eba87ef472df568c35482abf2575dc3e5eac0c5c62b8ffaeac2c934',
    );
  });
});
