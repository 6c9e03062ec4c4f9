import { NO_TIMES } from '../../src/kernel/key.ts';
import { DEFAULT_POLICY } from '../../src/kernel/policy.ts';
import type { NewKey, ReservedPlace, ServiceKey, StoredKey } from '../../src/kernel/registry.ts';
import type { Scope } from '../../src/kernel/scope.ts';

const NOW = 1_760_000_000;

export const ALICE = { operatorId: 'alice', requestId: 'req-1' };

export function scopeSample(id: string, change: Partial<Scope> = {}): Scope {
  return {
    id,
    issuer: `https://id.example/${id}`,
    audience: `https://${id}.example`,
    algorithm: 'ES256',
    modulusBits: null,
    policy: DEFAULT_POLICY,
    contacts: [],
    hsmToken: 'primary',
    standbyToken: null,
    createdAt: NOW,
    rotationPause: null,
    staleCacheHorizon: null,
    keySetVersion: 1,
    ...change,
  };
}

/** The nth HSM id of a test, 16 bytes as hex. */
export function hsmId(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** Where the nth key of a test is made. */
export function placeSample(n: number, hsmToken = 'primary'): ReservedPlace {
  return { hsmToken, hsmId: hsmId(n) };
}

export function keySample(scope: Scope, n: number, change: Partial<StoredKey> = {}): StoredKey {
  const kid = `kid-${scope.id}-${n}`;
  return {
    kid,
    scopeId: scope.id,
    hsmToken: scope.hsmToken,
    state: 'pre_activation',
    binding: {
      kid,
      scope: scope.id,
      issuer: scope.issuer,
      audience: scope.audience,
      algorithm: scope.algorithm,
      hsmId: hsmId(n),
      signFrom: NOW,
      signUntil: NOW + 100_000,
      maxTtlSeconds: 3_600,
    },
    bindingRecord: `header.claims-${n}.signature`,
    publicJwk: { kty: 'EC', crv: 'P-256', x: `x-${n}`, y: `y-${n}` },
    publishedAt: NOW + 1,
    signFrom: null,
    signUntil: NOW + 90_000,
    createdAt: NOW + 2,
    times: NO_TIMES,
    keptForForensics: false,
    ...change,
  };
}

/** With what the HSM is said to have shown of each. */
export function made(...keys: readonly StoredKey[]): readonly NewKey[] {
  return keys.map(madeKey);
}

export function madeKey(key: StoredKey): NewKey {
  const { kid, binding } = key;
  const proof = {
    kid,
    algorithm: binding.algorithm,
    hsmId: binding.hsmId,
    bindingDigest: `digest-of-${kid}`,
    attributes: { CKA_EXTRACTABLE: false },
    mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
    token: { label: 'keyward', serial: '42', manufacturer: 'Acme', model: 'HSM 2', firmware: '2.6' },
    nonce: 'nonce-of-test',
    iat: NOW + 2,
  };
  return { key, proof, statement: `header.proof-of-${kid}.signature` };
}

export const REGISTRY_KEY: ServiceKey = {
  role: 'registry',
  kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  hsmId: hsmId(0xff),
  publicJwk: { kty: 'EC', crv: 'P-256', x: 'registry-x', y: 'registry-y' },
  createdAt: NOW,
};
