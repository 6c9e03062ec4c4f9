import { describe, expect, it } from 'vitest';
import type { Binding } from '../../../src/kernel/key.ts';
import { BINDING_TYP, composeBindingRecord, readBindingRecord } from '../../../src/token/binding-record.ts';
import { parseSigningInput } from '../../../src/token/parse-token.ts';
import { signedBy, softwareKey } from '../../support/software-keys.ts';

const registry = softwareKey('ES256');
const binding: Binding = {
  kid: softwareKey('ES256').kid,
  scope: 'payments',
  issuer: 'https://login.example.com',
  audience: 'payments API – EU',
  algorithm: 'ES256',
  hsmId: '00112233445566778899aabbccddeeff',
  signFrom: 1_800_000_000,
  signUntil: 1_801_209_600,
  maxTtlSeconds: 3_600,
};
const header = { alg: 'ES256', typ: 'kw-binding+jwt', kid: registry.kid };
const claims = {
  kid: binding.kid,
  scope: 'payments',
  issuer: 'https://login.example.com',
  audience: 'payments API – EU',
  alg: 'ES256',
  hsm_id: '00112233445566778899aabbccddeeff',
  sign_from: 1_800_000_000,
  sign_until: 1_801_209_600,
  max_ttl_seconds: 3_600,
  iat: 1_799_999_999,
};
const record = (changes: object = {}, headers: object = {}) =>
  signedBy(registry, { ...header, ...headers }, { ...claims, ...changes });

describe('a binding record', () => {
  it('says in the clear what the key is for', () => {
    expect(BINDING_TYP).toBe('kw-binding+jwt');
    expect(parseSigningInput(composeBindingRecord(binding, registry.kid, 1_799_999_999))).toEqual({
      ok: true,
      token: { header, claims },
    });
  });

  it('reads back as the binding it was composed from', () => {
    const signingInput = composeBindingRecord(binding, registry.kid, 1_799_999_999);
    const jws = `${signingInput}.${registry.sign(signingInput).toString('base64url')}`;
    expect(readBindingRecord(jws, registry)).toEqual(binding);
  });

  const stranger = softwareKey('ES256');
  const rsa = softwareKey('RS256');
  it.each([
    ['by another key', signedBy(stranger, header, claims)],
    ['by another key under its own name', signedBy(stranger, { ...header, kid: stranger.kid }, claims)],
    ['by RSA', signedBy(rsa, { ...header, alg: 'RS256' }, claims)],
    ['with another kid', record({}, { kid: stranger.kid })],
    ['with another alg', record({}, { alg: 'ES384' })],
    ['with the typ of a token', record({}, { typ: 'at+jwt' })],
    ['with application/ before its typ', record({}, { typ: 'application/kw-binding+jwt' })],
    ['without typ', record({}, { typ: undefined })],
    ['with a header too many', record({}, { cty: 'JWT' })],
    ['with a key in its header', record({}, { jwk: registry.publicJwk })],
    ['cut short', record().slice(0, -1)],
    ['that is no JWS', 'binding'],
    ['with a member too many', record({ note: '' })],
    ['without kid', record({ kid: undefined })],
    ['with a kid that is no thumbprint', record({ kid: 'k1' })],
    ['without scope', record({ scope: undefined })],
    ['with a scope that is no id', record({ scope: 'Payments' })],
    ['without issuer', record({ issuer: undefined })],
    ['with an empty issuer', record({ issuer: '' })],
    ['without audience', record({ audience: undefined })],
    ['with a list of audiences', record({ audience: ['a'] })],
    ['with an audience of 513 characters', record({ audience: 'a'.repeat(513) })],
    ['without alg', record({ alg: undefined })],
    ['with an alg of nobody', record({ alg: 'HS256' })],
    ['with a name of the prototype as alg', record({ alg: 'constructor' })],
    ['without hsm_id', record({ hsm_id: undefined })],
    ['with an hsm_id in capitals', record({ hsm_id: '00112233445566778899AABBCCDDEEFF' })],
    ['with a short hsm_id', record({ hsm_id: '0011' })],
    ['without sign_from', record({ sign_from: undefined })],
    ['with sign_from as text', record({ sign_from: '1800000000' })],
    ['with a fraction', record({ sign_until: 1_801_209_600.5 })],
    ['with a window that ends where it begins', record({ sign_until: 1_800_000_000 })],
    ['with a negative lifetime', record({ max_ttl_seconds: -1 })],
    ['with no lifetime', record({ max_ttl_seconds: 0 })],
    ['without iat', record({ iat: undefined })],
  ])('is refused %s', (_, jws) => {
    expect(() => readBindingRecord(jws, registry)).toThrow(
      expect.objectContaining({ name: 'KeywardError', code: 'binding_refused' }),
    );
  });

  it('is accepted with its neighbours of what is refused', () => {
    expect(readBindingRecord(record({ audience: 'a'.repeat(512) }), registry).audience).toHaveLength(512);
    expect(
      readBindingRecord(record({ sign_until: 1_800_000_001, max_ttl_seconds: 1 }), registry),
    ).toMatchObject({
      signUntil: 1_800_000_001,
      maxTtlSeconds: 1,
    });
  });
});
