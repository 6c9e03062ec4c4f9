import { decodeProtectedHeader } from 'jose';
import { expect, it } from 'vitest';
import { DRILL_ISSUER, type JwsRequest, type TokenRequest } from '../../../src/kernel/issuance.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';

import {
  createProbeGrants,
  createProbeTokens,
  otherScope,
  unsentProbes,
} from '../../../src/probes/tokens.ts';
import { aScope, aSigningKey, SoftwareKeyRing, signedBy, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const WINDOW = { signFrom: NOW - 10, signUntil: NOW + 1_000 };
const key = softwareKey('ES256');
const payments = aScope({
  id: 'payments',
  policy: { ...DEFAULT_POLICY, maxTtlSeconds: 40, clockSkewSeconds: 7 },
});
const drill = (id: string, algorithm: 'ES256' | 'EdDSA') => aScope({ id, issuer: DRILL_ISSUER, algorithm });

function making(...drills: ReturnType<typeof drill>[]) {
  const keyRing = new SoftwareKeyRing();
  keyRing.put(payments, aSigningKey(payments, key, WINDOW));
  for (const scope of drills) {
    keyRing.put(scope, aSigningKey(scope, softwareKey(scope.algorithm), WINDOW));
  }
  const asked: (TokenRequest | JwsRequest)[] = [];
  const issuer = {
    async issue(request: TokenRequest | JwsRequest) {
      asked.push(request);
      const header = { alg: 'ES256', typ: 'at+jwt', kid: request.scopeId };
      const token = signedBy(key, header, { sub: 'keyward-probe' });
      return { token, kid: key.kid, jti: 'j', iat: NOW, exp: NOW + 40, canRelease: () => true };
    },
  };
  return { asked, make: createProbeTokens({ issuer, keyRing, ttlSeconds: 60 }) };
}

it('asks for a token of the reserved subject, no longer than the policy allows, and claims nothing else', async () => {
  const { asked, make } = making();
  const { tokens, expiredAt } = await make('payments');
  expect(asked).toEqual([
    { scopeId: 'payments', clientId: 'keyward:probe', claims: { sub: 'keyward-probe' }, ttlSeconds: 40 },
  ]);
  expect(tokens.map(([probe]) => probe)).toEqual(['fresh', 'altered_signature', 'without_kid']);
  expect(expiredAt).toBe(NOW + 40 + 2 * 7 + 1);
});

it('alters copies: the signature by one bit, and the header by its kid', async () => {
  const { tokens } = await making().make('payments');
  const [[, fresh = ''] = [], [, altered = ''] = [], [, without = ''] = []] = tokens;
  const [freshParts, alteredParts, withoutParts] = [fresh, altered, without].map((token) => token.split('.'));
  expect(alteredParts?.slice(0, 2)).toEqual(freshParts?.slice(0, 2));
  const [was, is] = [freshParts?.[2] ?? '', alteredParts?.[2] ?? ''].map((part) =>
    Buffer.from(part, 'base64url'),
  );
  expect([...(was ?? [])].map((byte, at) => byte ^ (is?.[at] ?? 0)).filter((bits) => bits !== 0)).toEqual([
    1,
  ]);
  expect(decodeProtectedHeader(without)).toEqual({ alg: 'ES256', typ: 'at+jwt' });
  expect(withoutParts?.slice(1)).toEqual(freshParts?.slice(1));
});

it('takes the token of a drill scope, preferably of the same algorithm, and of no other scope', async () => {
  const { make } = making(drill('a-drill', 'EdDSA'), drill('b-drill', 'ES256'), aScope({ id: 'mail' }));
  const { tokens } = await make('payments');
  expect(decodeProtectedHeader(tokens[3]?.[1] ?? '').kid).toBe('b-drill');
  const other = await making(drill('a-drill', 'EdDSA')).make('payments');
  expect(decodeProtectedHeader(other.tokens[3]?.[1] ?? '').kid).toBe('a-drill');
});

it('says what is missing for that token', async () => {
  const keyRing = new SoftwareKeyRing();
  keyRing.put(payments, aSigningKey(payments, key, WINDOW));
  keyRing.put(aScope({ id: 'mail' }), aSigningKey(payments, key, WINDOW));
  expect(unsentProbes(keyRing, 'payments')).toEqual([
    { probe: 'other_scope', why: 'no drill scope; create a scope whose issuer is https://drill.invalid' },
  ]);
  const drilled = drill('drill', 'ES256');
  keyRing.put(drilled);
  expect(otherScope(keyRing, 'payments')).toEqual({ why: 'no drill scope has a key that signs' });
  keyRing.put(drilled, aSigningKey(drilled, softwareKey('ES256'), WINDOW));
  expect(otherScope(keyRing, 'payments')).toEqual({ scopeId: 'drill' });
  expect(unsentProbes(keyRing, 'payments')).toEqual([]);
  // The drill scope itself is never answered with its own token.
  expect(unsentProbes(keyRing, 'drill')).toHaveLength(1);
});

it('Keyward itself may sign for drill scopes and those for which somebody is probed, and does nothing else', () => {
  const keyRing = new SoftwareKeyRing();
  keyRing.put(payments);
  keyRing.put(aScope({ id: 'mail' }));
  keyRing.put(drill('drill', 'ES256'));
  const grants = createProbeGrants({ probes: () => [{ scopeId: 'payments' }], keyRing });
  expect(grants.allows('keyward:probe', 'payments', 'sign')).toBe(true);
  expect(grants.allows('keyward:probe', 'drill', 'sign')).toBe(true);
  expect(grants.allows('keyward:probe', 'mail', 'sign')).toBe(false);
  expect(grants.allows('keyward:probe', 'payments', 'verify')).toBe(false);
  expect(grants.allows('keyward-probe', 'payments', 'sign')).toBe(false);
});
