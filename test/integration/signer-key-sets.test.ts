import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../src/kernel/policy.ts';
import type { SignOutcome } from '../../src/signer/protocol.ts';
import { composePublishedKey, composePublishedPolicy } from '../../src/token/published-key-set.ts';
import {
  MAIL,
  makeRegistryKey,
  NOW,
  PAYMENTS,
  type Provisioned,
  provision,
  signingInputOf,
} from '../support/provisioned-token.ts';
import { type SignerProcess, startSigner } from '../support/signer-process.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';
import { softwareKey } from '../support/software-keys.ts';

let hsm: SoftHsm;
let registry: { kid: string; hsmId: string };
let signer: SignerProcess;
let active: Provisioned;
let former: Provisioned;
let rsa: Provisioned;
let foreign: Provisioned;

beforeAll(async () => {
  hsm = await createSoftHsm();
  registry = await makeRegistryKey(hsm.environment, hsm.settings);
  signer = startSigner(hsm.environment, { ...hsm.settings, registryKid: registry.kid });
  await signer.open();
  const make = (scope = PAYMENTS, algorithm: 'ES256' | 'RS256' = 'ES256') =>
    provision(signer, registry.kid, scope, algorithm);
  [active, former, rsa, foreign] = [
    await make(),
    await make(),
    await make(PAYMENTS, 'RS256'),
    await make(MAIL),
  ];
  // The private half is gone, as of every deactivated key; its public half is still in the set.
  await signer.ask('destroy', former);
});

afterAll(async () => {
  await signer.stop();
  hsm.remove();
});

type Jwk = Record<string, unknown>;

function jwkOf({ kid, publicJwk, binding }: Provisioned, changes: Jwk = {}): Jwk {
  const { signFrom, signUntil, maxTtlSeconds, algorithm } = binding;
  const verifyUntil = signUntil + maxTtlSeconds + 30;
  const bounds = { publishedAt: signFrom, signFrom, signUntil, verifyUntil };
  return { ...composePublishedKey({ kid, publicJwk, algorithm, ...bounds }), ...changes };
}

interface KeySet {
  readonly keys: readonly Jwk[];
  readonly records: readonly string[];
  readonly claims?: Record<string, unknown>;
}

async function sign({ keys, records, claims = {} }: KeySet): Promise<SignOutcome | undefined> {
  const whole = {
    iss: PAYMENTS.issuer,
    sub: PAYMENTS.id,
    iat: NOW,
    exp: NOW + 300 + 3_600,
    version: 7,
    keys,
    kw_policy: composePublishedPolicy(DEFAULT_POLICY),
    ...claims,
  };
  const input = signingInputOf({ kid: registry.kid, algorithm: 'ES256' }, whole, { typ: 'jwk-set+jwt' });
  const [outcome] = await signer.ask('sign', [[registry.kid, input, records]]);
  return outcome;
}

const of = (...keys: readonly Provisioned[]): KeySet => ({
  keys: keys.map((key) => jwkOf(key)),
  records: keys.map(({ bindingRecord }) => bindingRecord),
});
const refused = (message: string) => ({ code: 'binding_refused', message });

describe('the registry key signs a key set', () => {
  it.each<[string, () => KeySet]>([
    [
      'of keys that are bound to its scope, one without a private half among them',
      () => of(active, former, rsa),
    ],
    [
      'of a standby, which has no beginning yet',
      () => {
        const { kw_sign_from: _, ...standby } = jwkOf(active);
        return { ...of(active), keys: [standby] };
      },
    ],
    ['without any key, as when all are compromised', () => of()],
    [
      'with narrower bounds than the record’s',
      () => ({
        ...of(active),
        keys: [jwkOf(active, { kw_sign_until: NOW, exp: NOW + 300 })],
      }),
    ],
    [
      'longer than any token',
      () => ({
        ...of(rsa),
        claims: { kw_policy: { ...composePublishedPolicy(DEFAULT_POLICY), root_claim: 'x'.repeat(20_000) } },
      }),
    ],
  ])('%s', async (_, keySet) => {
    expect(await sign(keySet())).toBeInstanceOf(Uint8Array);
  });
});

const stranger = softwareKey('ES256');
const OTHER_MEMBERS = 'a key of the set has other members than it must have';

describe('the registry key signs no key set', () => {
  it.each<[string, () => KeySet, string]>([
    ['with a key of another scope', () => of(active, foreign), 'a key of the set is bound to another scope'],
    [
      'of another scope with our keys',
      () => ({ ...of(active), claims: { sub: 'mail' } }),
      'a key of the set is bound to another scope',
    ],
    [
      'of another issuer with our keys',
      () => ({ ...of(active), claims: { iss: 'https://x.example' } }),
      'a key of the set is bound to another scope',
    ],
    [
      'with a key that nobody bound',
      () => {
        const jwk = { ...jwkOf(active), ...stranger.publicJwk, kid: stranger.kid };
        return { keys: [jwk], records: [active.bindingRecord] };
      },
      'a key of the set is not the one that its binding record names',
    ],
    [
      'with a stranger’s key under the name of ours',
      () => ({
        ...of(active),
        keys: [{ ...jwkOf(active), ...stranger.publicJwk }],
      }),
      'the public key has another kid than its thumbprint',
    ],
    [
      'with a key under another algorithm',
      () => ({ ...of(rsa), keys: [jwkOf(rsa, { alg: 'PS256' })] }),
      'a key of the set is not the one that its binding record names',
    ],
    [
      'with a key that has no record',
      () => ({ ...of(active, former), records: [active.bindingRecord] }),
      'there is not one binding record for each key of the set',
    ],
    [
      'with a record that the registry key did not sign',
      () => {
        const [header, claims] = active.bindingRecord.split('.');
        const forged = stranger.sign(`${header}.${claims}`).toString('base64url');
        return { ...of(active), records: [`${header}.${claims}.${forged}`] };
      },
      'the binding record has a wrong signature',
    ],
    [
      'with a record that is none',
      () => ({ ...of(active), records: ['x'] }),
      'the binding record is malformed: not_compact',
    ],
    ['with a key twice', () => of(active, active), 'a key stands twice in the set'],
    [
      'with a longer signing window than the record’s',
      () => ({
        ...of(active),
        keys: [jwkOf(active, { kw_sign_until: active.binding.signUntil + 1 })],
      }),
      'a key of the set has wider bounds than its binding record',
    ],
    [
      'with an earlier window than the record’s',
      () => ({
        ...of(active),
        keys: [jwkOf(active, { nbf: 1, kw_sign_from: active.binding.signFrom - 1 })],
      }),
      'a key of the set has wider bounds than its binding record',
    ],
    [
      'with a key that verifies for longer than its tokens live',
      () => ({
        ...of(active),
        keys: [jwkOf(active, { exp: active.binding.signUntil + 300 + 301 })],
      }),
      'a key of the set has wider bounds than its binding record',
    ],
    [
      'with a certificate beside a key',
      () => ({ ...of(active), keys: [jwkOf(active, { x5u: 'https://x.example' })] }),
      OTHER_MEMBERS,
    ],
    [
      'with a private member',
      () => ({ ...of(active), keys: [jwkOf(active, { d: 'AAAA' })] }),
      'the public key holds a secret member',
    ],
    [
      'with a key for encryption',
      () => ({ ...of(active), keys: [jwkOf(active, { use: 'enc' })] }),
      'the public key is not for signatures',
    ],
    [
      'with a symmetric key',
      () => ({ ...of(active), keys: [{ kty: 'oct', k: 'AAAA' }] }),
      'the public key holds a secret member',
    ],
    [
      'that lives for longer than its policy says',
      () => ({ ...of(active), claims: { exp: NOW + 3_901 } }),
      'the key set lives for another time than its policy says',
    ],
    [
      'with a policy beyond all bounds',
      () => ({
        ...of(active),
        claims: {
          exp: NOW + 300 + 604_801,
          kw_policy: { ...composePublishedPolicy(DEFAULT_POLICY), max_stale_seconds: 604_801 },
        },
      }),
      'kw_policy.max_stale_seconds is missing or out of bounds',
    ],
    ['without a version', () => ({ ...of(active), claims: { version: 0 } }), 'the key set has no version'],
    [
      'with anything else in it',
      () => ({ ...of(active), claims: { aud: 'payments' } }),
      'the key set has other members than it must have',
    ],
    ['without a list of keys', () => ({ ...of(), claims: { keys: {} } }), 'the key set has no list of keys'],
    ['of no scope', () => ({ ...of(), claims: { sub: 1 } }), 'the key set names no scope'],
  ])('%s', async (_, keySet, message) => {
    expect(await sign(keySet())).toEqual(refused(message));
    expect(await sign(of(active))).toBeInstanceOf(Uint8Array);
  });

  it('under records that are not what the protocol says', async () => {
    const input = signingInputOf({ kid: registry.kid, algorithm: 'ES256' }, {});
    const wrong = [registry.kid, input, [1]] as unknown as [string, string, string[]];
    expect(await signer.failing('sign', [wrong])).toEqual({
      code: 'invalid_request',
      message: 'the signer was given a wrong batch',
    });
  });
});

describe('the version of a key set', () => {
  const withVersion = (key: Provisioned, version: number, { iss, sub } = scopeOf(key)): KeySet => ({
    ...of(key),
    claims: { iss, sub, version },
  });
  const scopeOf = ({ binding }: Provisioned) => ({ iss: binding.issuer, sub: binding.scope });
  const tooOld = refused('the version of the key set is older than the last one signed');

  it('is never older than the last one of that scope, and the same one is signed again', async () => {
    expect(await sign(withVersion(active, 9))).toBeInstanceOf(Uint8Array);
    expect(await sign(withVersion(active, 8))).toEqual(tooOld);
    expect(await sign(withVersion(active, 9))).toBeInstanceOf(Uint8Array);
    expect(await sign({ ...of(), claims: { version: 8 } })).toEqual(tooOld);
    expect(await sign(withVersion(active, 10))).toBeInstanceOf(Uint8Array);
    expect(await sign(withVersion(active, 9))).toEqual(tooOld);
  });

  it('of one scope says nothing of another', async () => {
    expect(await sign(withVersion(foreign, 1))).toBeInstanceOf(Uint8Array);
  });

  it('is not moved by a set that was refused, nor by one without keys', async () => {
    expect(await sign({ ...withVersion(active, 99), records: [] })).toMatchObject({
      code: 'binding_refused',
    });
    expect(await sign({ ...of(), claims: { version: 99 } })).toBeInstanceOf(Uint8Array);
    expect(await sign(withVersion(active, 10))).toBeInstanceOf(Uint8Array);
  });

  it('is remembered by the next process', async () => {
    await signer.stop();
    signer = startSigner(hsm.environment, { ...hsm.settings, registryKid: registry.kid });
    await signer.open();
    expect(await sign(withVersion(active, 9))).toEqual(tooOld);
    expect(await sign(withVersion(active, 10))).toBeInstanceOf(Uint8Array);
  });
});
