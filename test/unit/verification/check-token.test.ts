import { describe, expect, it } from 'vitest';
import type { SigningKey } from '../../../src/kernel/key.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import type { Scope } from '../../../src/kernel/scope.ts';
import { judgingVerifier } from '../../support/judging-verifier.ts';
import { aScope, aSigningKey, SoftwareKeyRing, signedBy, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const pair = softwareKey('ES256');
const window = { signFrom: NOW - 1_000, signUntil: NOW + 1_000 };
const good = {
  iss: 'https://login.example.com',
  aud: 'https://payments.example.com',
  iat: NOW,
  nbf: NOW - 30,
  exp: NOW + 300,
  jti: 'j',
  client_id: 'checkout',
  sub: 'user-17',
};
const header = { alg: 'ES256', typ: 'at+jwt', kid: pair.kid };

function setUp(policy: Partial<Scope['policy']> = {}, changes: Partial<SigningKey> = {}) {
  const scope = aScope({ id: 'payments', policy: { ...DEFAULT_POLICY, ...policy } });
  const keyRing = new SoftwareKeyRing();
  const key = aSigningKey(scope, pair, { ...window, ...changes });
  keyRing.put(scope, key);
  let now = NOW;
  const verifier = judgingVerifier({ keyRing, clock: { nowSeconds: () => now } });
  return {
    scope,
    key,
    keyRing,
    at: (seconds: number) => {
      now = seconds;
    },
    verify: (claims: object = {}, headers: object = {}) =>
      verifier.verify('payments', signedBy(pair, { ...header, ...headers }, { ...good, ...claims })),
    verifier,
  };
}
const refused = (reason: string) => ({ valid: false, reason });

describe('verifying a token for a scope', () => {
  it('gives the claims, the key and its state', async () => {
    expect(await setUp().verify()).toEqual({ valid: true, claims: good, kid: pair.kid, keyState: 'active' });
  });

  it('knows no scope of another name', async () => {
    await expect(setUp().verifier.verify('mail', 'x')).rejects.toMatchObject({
      name: 'KeywardError',
      code: 'unknown_scope',
    });
  });

  it('holds the lifetime against the policy and the binding, whichever is shorter', async () => {
    const life = { exp: NOW + 120 };
    const { key } = setUp();
    const binding = (maxTtlSeconds: number) => ({ binding: { ...key.binding, maxTtlSeconds } });
    expect(await setUp({ maxTtlSeconds: 120 }, binding(3_600)).verify(life)).toMatchObject({ valid: true });
    expect(await setUp({ maxTtlSeconds: 119 }, binding(3_600)).verify(life)).toEqual(
      refused('lifetime_too_long'),
    );
    expect(await setUp({}, binding(120)).verify(life)).toMatchObject({ valid: true });
    expect(await setUp({}, binding(119)).verify(life)).toEqual(refused('lifetime_too_long'));
  });

  it('holds iat against the window of the registry and that of the binding', async () => {
    const { key } = setUp();
    const later = { binding: { ...key.binding, signFrom: NOW + 1 } };
    const earlier = { binding: { ...key.binding, signUntil: NOW - 1 } };
    expect(await setUp({}, { signFrom: NOW }).verify()).toMatchObject({ valid: true });
    expect(await setUp({}, { signFrom: NOW + 1, binding: key.binding }).verify()).toEqual(
      refused('outside_signing_window'),
    );
    expect(await setUp({}, { signUntil: NOW }).verify()).toMatchObject({ valid: true });
    expect(await setUp({}, { signUntil: NOW - 1, binding: key.binding }).verify()).toEqual(
      refused('outside_signing_window'),
    );
    expect(await setUp({}, later).verify()).toEqual(refused('outside_signing_window'));
    expect(await setUp({}, earlier).verify()).toEqual(refused('outside_signing_window'));
  });

  it('takes the binding’s start where the registry has none', async () => {
    const { key } = setUp();
    const binding = { ...key.binding, signFrom: NOW };
    expect(await setUp({}, { signFrom: null, binding }).verify()).toMatchObject({ valid: true });
    expect(await setUp({}, { signFrom: null, binding }).verify({ iat: NOW - 1 })).toEqual(
      refused('outside_signing_window'),
    );
  });

  it('retires a key when the last token it can have signed has expired', async () => {
    const setup = setUp({}, { signUntil: NOW });
    setup.at(NOW + 3_629);
    expect(await setup.verify({ exp: NOW + 3_600 })).toMatchObject({ valid: true });
    setup.at(NOW + 3_630);
    expect(await setup.verify({ exp: NOW + 3_600 })).toEqual(refused('expired'));
    setup.at(NOW + 3_631);
    expect(await setup.verify({ exp: NOW + 3_600 })).toEqual(refused('key_retired'));
  });

  it.each([
    ['active', { valid: true }],
    ['deactivated', { valid: true }],
    ['pre_activation', refused('outside_signing_window')],
    ['suspended', refused('key_suspended')],
    ['compromised', refused('key_compromised')],
    ['destroyed', refused('key_retired')],
  ] as const)('judges a key that is %s', async (state, verdict) => {
    expect(await setUp({}, { state }).verify()).toMatchObject(verdict);
  });

  it('allows the types of the policy and no other', async () => {
    const { verify } = setUp({ tokenTypes: ['JWT'] });
    expect(await verify({}, { typ: 'JWT' })).toMatchObject({ valid: true });
    expect(await verify({}, { typ: 'at+jwt' })).toEqual(refused('wrong_type'));
  });

  it('asks for a subject where the policy does', async () => {
    expect(await setUp().verify({ sub: undefined })).toEqual(refused('malformed'));
    const { verify } = setUp({ requireSubject: false });
    expect(await verify({ sub: undefined }, { typ: 'JWT' })).toMatchObject({ valid: true });
    expect(await verify({ sub: '' }, { typ: 'JWT' })).toEqual(refused('malformed'));
  });

  it('asks for the subject of an access token whatever the policy does (RFC 9068 §2.2)', async () => {
    const { verify } = setUp({ requireSubject: false });
    expect(await verify({ sub: undefined }, { typ: 'at+jwt' })).toEqual(refused('malformed'));
    expect(await verify({}, { typ: 'at+jwt' })).toMatchObject({ valid: true });
  });

  it('refuses what a key compromised during the check has signed', async () => {
    const { keyRing, scope, key, verify } = setUp();
    const verdict = verify();
    keyRing.put(scope, { ...key, state: 'compromised' });
    expect(await verdict).toEqual(refused('key_compromised'));
  });

  it('refuses a kid that two keys bear', async () => {
    const { keyRing, key } = setUp();
    const twofold = Object.assign(Object.create(keyRing), {
      scope: (id: string) => keyRing.scope(id),
      keysOf: () => [key, { ...key }],
    });
    const verifier = judgingVerifier({ keyRing: twofold, clock: { nowSeconds: () => NOW } });
    expect(await verifier.verify('payments', signedBy(pair, header, good))).toEqual(refused('unknown_key'));
  });
});

describe('the order of checks', () => {
  const forger = softwareKey('ES256');
  const wrong = { iss: 'https://x.example', aud: 'x', iat: 1, exp: 2 };
  const present = (setup: ReturnType<typeof setUp>, headers: object, claims: object, by = forger) =>
    setup.verifier.verify('payments', signedBy(by, { ...header, ...headers }, { ...good, ...claims }));

  it.each([
    ['form before all', { kid: 'k', alg: 'none', typ: 'x', jku: 'x' }, wrong, 'malformed'],
    ['key before algorithm', { kid: 'k', alg: 'none', typ: 'x' }, wrong, 'unknown_key'],
    ['algorithm before type', { alg: 'none', typ: 'x' }, wrong, 'unsupported_algorithm'],
    ['type before the form of the claims', { typ: 'x' }, { exp: 'x' }, 'wrong_type'],
    ['the form of the claims before the signature', {}, { ...wrong, exp: 'x' }, 'malformed'],
    ['signature before what the claims say', {}, wrong, 'bad_signature'],
  ])('%s', async (_, headers, claims, reason) => {
    expect(await present(setUp(), headers, claims)).toMatchObject({ valid: false, reason });
  });

  it('the form of the claims before the standing of the key, and that before the signature', async () => {
    const setup = setUp({}, { state: 'compromised' });
    expect(await present(setup, {}, { exp: 'x' })).toEqual(refused('malformed'));
    expect(await present(setup, {}, wrong)).toEqual(refused('key_compromised'));
  });

  it('says nothing of the claims unless the signature is right', async () => {
    for (const claims of [
      { iss: 'x' },
      { aud: 'x' },
      { exp: 1 },
      { nbf: NOW * 2 },
      { iat: 1 },
      { exp: NOW * 2 },
    ]) {
      expect(await present(setUp(), {}, claims)).toEqual(refused('bad_signature'));
      expect(await present(setUp(), {}, claims, pair)).not.toEqual(refused('bad_signature'));
    }
  });
});
