import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenRefused } from '../../../src/client/errors.ts';
import { VerdictCache } from '../../../src/client/verdict-cache.ts';
import { createVerifier } from '../../../src/client/verifier.ts';
import { putKeys } from '../../support/changed-keys.ts';
import { heldTime } from '../../support/held-time.ts';
import { issuedAt, verdict, verifyingScope } from './verifying-scope.ts';

const KEY_SET = 'GET /scopes/payments/jwks.json';

describe('verdicts that are remembered', () => {
  it('are the same frozen object, until the token has expired', async () => {
    const { verifier: make, token } = await verifyingScope();
    const time = heldTime(issuedAt);
    const verifier = make({ credential: undefined }, time);
    const good = token({ cart: { items: [1] } });
    const claims = await verifier.verify<{ cart: { items: number[] } }>(good);
    expect(await verifier.verify(good)).toBe(claims);
    expect(() => claims.cart.items.push(2)).toThrow(TypeError);
    time.pass(299 + 30);
    expect(await verdict(verifier, good)).toBe('valid');
    time.pass(1);
    expect(await verdict(verifier, good)).toBe('expired');
  });

  it('are of the whole token: another signature over the same input is judged by itself', async () => {
    const { verifier: make, token } = await verifyingScope();
    const verifier = make({ credential: undefined });
    const good = token();
    expect(await verdict(verifier, good)).toBe('valid');
    const flipped = `${good.slice(0, -3)}${good.at(-3) === 'A' ? 'B' : 'A'}${good.slice(-2)}`;
    expect(await verdict(verifier, flipped)).toBe('bad_signature');
  });

  it('go with the key set: a token of a key that is in it no more is refused', async () => {
    const { ring, active, verifier: make, token } = await verifyingScope();
    const time = heldTime(issuedAt);
    const verifier = make({ credential: undefined }, time);
    const good = token();
    expect(await verdict(verifier, good)).toBe('valid');
    putKeys(ring, 'payments', [{ ...active, state: 'compromised' }]);
    expect(await verdict(verifier, good)).toBe('valid');
    time.pass(300);
    expect(await verdict(verifier, good)).toBe('unknown_key');
  });

  it('do not outlive the key set', async () => {
    const { service, verifier: make, token } = await verifyingScope();
    const time = heldTime(issuedAt);
    const verifier = make({ credential: undefined }, time);
    const good = token({ exp: issuedAt + 3_600, iat: issuedAt });
    expect(await verdict(verifier, good)).toBe('valid');
    service.instead = (_request, response) => void response.writeHead(503).end();
    time.pass(3_899);
    expect(await verdict(verifier, token({ iat: issuedAt + 3_500, exp: issuedAt + 4_000 }))).toBe('valid');
    time.pass(1);
    expect(await verdict(verifier, good)).toBe('VerifierUnavailable');
  });

  it('are so many', () => {
    const cache = new VerdictCache(2);
    for (const n of [1, 2, 3]) cache.put(`${n}`, { claims: { n }, until: 10 });
    expect(['1', '2', '3'].map((key) => cache.get(key, 9))).toEqual([undefined, { n: 2 }, { n: 3 }]);
    expect(cache.get('3', 10)).toBeUndefined();
    const none = new VerdictCache(0);
    none.put('1', { claims: {}, until: 10 });
    expect(none.size).toBe(0);
  });
});

describe('an unknown kid', () => {
  it('leads to one look at the key set in a while, and a new key is found by it', async () => {
    const { ring, activeKey, active, service, verifier: make, token } = await verifyingScope();
    const time = heldTime(issuedAt);
    const verifier = make({ credential: undefined }, time);
    const unknown = () => token({}, { ...activeKey, kid: 'x'.repeat(43) });
    for (let n = 0; n < 5; n++) expect(await verdict(verifier, unknown())).toBe('unknown_key');
    expect(service.asked(KEY_SET)).toBe(2);
    putKeys(ring, 'payments', [active]);
    time.pass(10);
    expect(await verdict(verifier, unknown())).toBe('unknown_key');
    expect(service.asked(KEY_SET)).toBe(3);
  });
});

describe('any text at all', () => {
  it('is a good token or refused with a reason: whatever is done to a good one', async () => {
    const { verifier: make, token } = await verifyingScope();
    const verifier = make({ credential: undefined, cachedTokens: 0 });
    const good = token();
    await verifier.verify(good);
    const refused = async (text: string) => {
      const outcome = await verifier.verify(text).catch((error: unknown) => error);
      return text === good || outcome instanceof TokenRefused;
    };
    const place = fc.nat(good.length);
    const mutations = fc
      .array(fc.tuple(place, fc.nat(8), fc.string({ maxLength: 8, unit: 'binary' })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((changes) =>
        changes.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), good),
      );
    await fc.assert(fc.asyncProperty(fc.oneof(mutations, fc.string({ unit: 'binary' })), refused), {
      numRuns: 5_000,
    });
  });
});

describe('options that cannot be used are refused when the verifier is made', () => {
  const proper = {
    url: 'https://keys.example',
    scope: 'payments',
    issuer: 'https://id.example',
    audience: 'a',
  };

  it.each<[object, string]>([
    [{ url: 'keys' }, 'url: use the URL of the data plane'],
    [{ scope: '' }, 'scope: name one key scope by its id'],
    [{ scope: '../mail' }, 'scope: name one key scope by its id'],
    [{ issuer: '' }, 'issuer: give the issuer of the scope'],
    [{ audience: '' }, 'audience: give the audience of the scope'],
    [{ instance: 'a b' }, 'instance: use 1 to 64 letters, digits and . _ : -'],
    [{ sightings: 2 }, 'sightings: use a share from 0 to 1'],
    [{ sightings: Number.NaN }, 'sightings: use a share from 0 to 1'],
    [{ sightings: '0.5' }, 'sightings: use a share from 0 to 1'],
    [{ cachedTokens: -1 }, 'cachedTokens: use a whole number from 0 to 1000000'],
    [{ registryKey: { kty: 'oct', k: 'AAAA' } }, 'the public key holds a secret member'],
  ])('%j', (changes, message) => {
    expect(() => createVerifier({ ...proper, ...changes })).toThrow(message);
  });
});
