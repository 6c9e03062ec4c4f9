import { compactVerify, createLocalJWKSet } from 'jose';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { KeySetSigner } from '../../../src/publication/key-set.ts';
import { composeDiscovery, createPublication } from '../../../src/publication/publication.ts';
import { issuerMetadata, keySetDocument } from '../../../src/publication/routes/documents.ts';
import { aScope, aSigningKey, SoftwareKeyRing, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_790_000_000;
const URL = 'https://keys.example.com';
const payments = aScope({ id: 'payments', issuer: `${URL}/scopes/payments` });
const mail = aScope({ id: 'mail' });
const registry = softwareKey('ES256');
const active = aSigningKey(payments, softwareKey('ES256'), { signFrom: NOW - 5, signUntil: NOW + 100 });
const standby = aSigningKey(payments, softwareKey('ES256'), {
  state: 'pre_activation',
  signFrom: null,
  signUntil: NOW + 200,
});

const POLICY = {
  max_ttl_seconds: 3_600,
  jwks_max_age_seconds: 300,
  max_stale_seconds: 3_600,
  clock_skew_seconds: 30,
  token_types: ['at+jwt', 'JWT'],
  require_subject: true,
  root_claim: null,
};

let now: number;
let keyRing: SoftwareKeyRing;
let signatures: number;
let away: KeywardError | undefined;
let records: readonly string[];
/** What happens while the HSM is at the next signature. */
let meanwhile: () => void;

beforeEach(() => {
  now = NOW;
  signatures = 0;
  away = undefined;
  meanwhile = () => {};
  keyRing = new SoftwareKeyRing();
  keyRing.put(payments, active, standby);
  keyRing.put(mail, aSigningKey(mail, softwareKey('RS256'), { signFrom: NOW, signUntil: NOW + 100 }));
});

const publication = (deputies: readonly KeySetSigner[] = []) =>
  createPublication({
    keyRing,
    deputies,
    clock: { nowSeconds: () => now },
    publicUrl: URL,
    registryKey: {
      kid: registry.kid,
      async sign(signingInput, bindingRecords) {
        signatures += 1;
        records = bindingRecords;
        const happens = meanwhile;
        meanwhile = () => {};
        await Promise.resolve().then(happens);
        if (away) throw away;
        return `${signingInput}.${registry.sign(signingInput).toString('base64url')}`;
      },
    },
  });

const kidsOf = (body: string | undefined) =>
  JSON.parse(body ?? '').keys.map(({ kid }: { kid: string }) => kid);

it('what is published is described, member by member', () => {
  const keySet = JSON.parse(publication().keySet('payments')?.body ?? '');
  expect(keySet.keys).toHaveLength(2);
  expect(keySetDocument.parse(keySet)).toEqual(keySet);
  const metadata = composeDiscovery(payments, URL);
  expect(issuerMetadata.parse(metadata)).toEqual(metadata);
});

describe('a scope’s key set', () => {
  it('holds active key and standby with their bounds, and nothing of another scope (I3)', () => {
    const { body, contentType, maxAgeSeconds } = publication().keySet('payments') ?? {};
    expect(JSON.parse(body ?? '')).toStrictEqual({
      keys: [standby, active].map((key) => ({
        ...key.publicJwk,
        kid: key.kid,
        use: 'sig',
        alg: 'ES256',
        nbf: key.publishedAt,
        exp: key.signUntil + 3_600 + 30,
        ...(key.signFrom === null ? {} : { kw_sign_from: key.signFrom }),
        kw_sign_until: key.signUntil,
      })),
      kw_policy: POLICY,
      kw_scope: 'payments',
      kw_version: 1,
    });
    expect({ contentType, maxAgeSeconds }).toStrictEqual({
      contentType: 'application/jwk-set+json',
      maxAgeSeconds: 300,
    });
  });

  it.each(['suspended', 'compromised', 'destroyed'] as const)('leaves out a key that is %s', (state) => {
    keyRing.put(payments, { ...active, state });
    expect(kidsOf(publication().keySet('payments')?.body)).toStrictEqual([standby.kid]);
  });

  it('keeps a deactivated key until its last token has expired, and not a second longer', () => {
    keyRing.put(payments, { ...active, state: 'deactivated' });
    const published = publication();
    now = active.signUntil + 3_600 + 30;
    expect(kidsOf(published.keySet('payments')?.body)).toContain(active.kid);
    now += 1;
    expect(kidsOf(published.keySet('payments')?.body)).not.toContain(active.kid);
  });

  it('is composed once while nothing changes, with an entity tag that follows the content', () => {
    const published = publication();
    const first = published.keySet('payments');
    expect(published.keySet('payments')).toBe(first);
    keyRing.put(payments, { ...active, state: 'suspended' });
    expect(published.keySet('payments')?.etag).not.toBe(first?.etag);
  });

  it('does not exist for a scope that does not', async () => {
    expect(publication().keySet('other')).toBeUndefined();
    expect(await publication().signedKeySet('other')).toBeUndefined();
    expect(publication().openidConfiguration('other')).toBeUndefined();
  });
});

describe('the signed key set', () => {
  it('says the same, for as long as a verifier may go on with it, by the registry key', async () => {
    const published = publication();
    const { body = '' } = (await published.signedKeySet('payments')) ?? {};
    const { payload, protectedHeader } = await compactVerify(
      body,
      createLocalJWKSet({ keys: [{ ...registry.publicJwk, alg: 'ES256', kid: registry.kid }] }),
    );
    expect(protectedHeader).toStrictEqual({ alg: 'ES256', typ: 'jwk-set+jwt', kid: registry.kid });
    expect(JSON.parse(Buffer.from(payload).toString())).toStrictEqual({
      iss: payments.issuer,
      sub: 'payments',
      iat: NOW,
      exp: NOW + 300 + 3_600,
      version: 1,
      keys: JSON.parse(published.keySet('payments')?.body ?? '').keys,
      kw_policy: POLICY,
    });
    expect(records).toStrictEqual([standby.bindingRecord, active.bindingRecord]);
  });

  it('is signed once for half its max-age, however many ask; then the last serves while the next is made', async () => {
    const published = publication();
    const [first] = await Promise.all([1, 2, 3].map(() => published.signedKeySet('payments')));
    now += 149;
    await published.signedKeySet('payments');
    expect(signatures).toBe(1);
    now += 1;
    expect(await published.signedKeySet('payments')).toBe(first);
    expect(signatures).toBe(2);
    await vi.waitFor(async () => expect(await published.signedKeySet('payments')).not.toBe(first), 10_000);
    expect(signatures).toBe(2);
  });

  it('is signed anew as soon as the set changes, for the scopes where anybody asks for it', async () => {
    const published = publication();
    await published.signedKeySet('payments');
    keyRing.put(mail, aSigningKey(mail, softwareKey('RS256'), { signFrom: NOW, signUntil: NOW + 100 }));
    expect(signatures).toBe(1);
    keyRing.put(payments, { ...active, state: 'suspended' });
    expect(signatures).toBe(2);
    const { body = '' } = (await published.signedKeySet('payments')) ?? {};
    expect(kidsOf(atob(body.split('.')[1] ?? ''))).toStrictEqual([standby.kid]);
    expect(signatures).toBe(2);
  });

  const gone = () => new KeywardError('hsm_unavailable', 'the HSM is away; try again');

  it('with the HSM away the last one serves for as long as it is valid, and no longer', async () => {
    const published = publication();
    const first = await published.signedKeySet('payments');
    away = gone();
    for (const later of [200, 3_600, 3_899]) {
      now = NOW + later;
      expect(await published.signedKeySet('payments')).toBe(first);
    }
    now = NOW + 3_900;
    await expect(published.signedKeySet('payments')).rejects.toBe(away);
    away = undefined;
    now += 1;
    expect(await published.signedKeySet('payments')).not.toBe(first);
  });

  it('an HSM that is away is not asked at every request', async () => {
    const published = publication();
    await published.signedKeySet('payments');
    away = gone();
    now += 200;
    for (let n = 0; n < 10; n++) await published.signedKeySet('payments');
    expect(signatures).toBe(2);
    now += 5;
    await published.signedKeySet('payments');
    expect(signatures).toBe(3);
  });

  it('with the HSM away a key that was withdrawn is not handed out again, a new one can wait', async () => {
    const published = publication();
    const first = await published.signedKeySet('payments');
    away = gone();
    keyRing.put(
      payments,
      aSigningKey(payments, softwareKey('ES256'), {
        state: 'pre_activation',
        signFrom: null,
        signUntil: NOW + 300,
      }),
    );
    expect(await published.signedKeySet('payments')).toBe(first);
    keyRing.put(payments, { ...active, state: 'compromised' });
    await expect(published.signedKeySet('payments')).rejects.toBe(away);
  });

  it('with the HSM away a key on another token signs where there would be none, until the HSM is back', async () => {
    const key = softwareKey('ES256');
    let [signed, isAway] = [0, false];
    const deputy = {
      kid: key.kid,
      async sign(signingInput: string, bindingRecords: readonly string[]) {
        if (isAway) throw gone();
        signed += 1;
        records = bindingRecords;
        return `${signingInput}.${key.sign(signingInput).toString('base64url')}`;
      },
    };
    const published = publication([deputy]);
    const kidOf = async () => {
      const { body = '' } = (await published.signedKeySet('payments')) ?? {};
      return JSON.parse(atob(body.split('.')[0] ?? '')).kid;
    };
    expect(await kidOf()).toBe(registry.kid);
    away = gone();
    now += 200;
    expect(await kidOf()).toBe(registry.kid);
    keyRing.put(payments, { ...active, state: 'compromised' });
    const asked = await Promise.all([kidOf(), kidOf(), kidOf()]);
    expect([asked, signed]).toEqual([[key.kid, key.kid, key.kid], 1]);
    expect(records).toEqual([standby.bindingRecord]);
    now += 3_899;
    expect([await kidOf(), signed]).toEqual([key.kid, 1]);
    now += 1;
    expect([await kidOf(), signed]).toEqual([key.kid, 2]);
    isAway = true;
    now += 3_900;
    await expect(published.signedKeySet('payments')).rejects.toBe(away);
    away = undefined;
    expect(await kidOf()).toBe(registry.kid);
  });

  it('a key that was compromised while the HSM signed its set is not handed out', async () => {
    meanwhile = () => keyRing.put(payments, { ...active, state: 'compromised' });
    const { body = '' } = (await publication().signedKeySet('payments')) ?? {};
    expect(kidsOf(atob(body.split('.')[1] ?? ''))).toStrictEqual([standby.kid]);
    expect(signatures).toBe(2);
  });

  it('nor with the last set, where the HSM then fails', async () => {
    const published = publication();
    await published.signedKeySet('payments');
    now += 3_600;
    away = gone();
    meanwhile = () => keyRing.put(payments, { ...active, state: 'compromised' });
    await expect(published.signedKeySet('payments')).rejects.toBe(away);
  });
});

describe('discovery', () => {
  it('describes a scope whose issuer is the URL that Keyward serves it under', () => {
    expect(JSON.parse(publication().openidConfiguration('payments')?.body ?? '')).toStrictEqual({
      issuer: 'https://keys.example.com/scopes/payments',
      jwks_uri: 'https://keys.example.com/scopes/payments/jwks.json',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      introspection_endpoint: 'https://keys.example.com/v1/scopes/payments/introspect',
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      revocation_endpoint: 'https://keys.example.com/v1/scopes/payments/revoke',
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    });
  });

  it.each([
    'https://keys.example.com/scopes/payments/',
    'https://KEYS.example.com/scopes/payments',
    'https://keys.example.com:443/scopes/payments/',
  ])('describes %s, which clients look for at the same place, and names it to the letter', (issuer) => {
    expect(composeDiscovery({ ...payments, issuer }, URL)).toMatchObject({
      issuer,
      jwks_uri: 'https://keys.example.com/scopes/payments/jwks.json',
    });
  });

  it.each([
    'https://keys.example.com/scopes/payments//',
    'https://keys.example.com/scopes/mail',
    'https://keys.example.com/Scopes/payments',
    'https://keys.example.com/',
    'https://keys.example.org/scopes/payments',
    'http://keys.example.com/scopes/payments',
  ])('is not of %s', (issuer) => {
    expect(composeDiscovery({ ...payments, issuer }, URL)).toBeUndefined();
  });

  it('leaves every other issuer’s discovery to that issuer', () => {
    expect(publication().openidConfiguration('mail')).toBeUndefined();
  });
});
