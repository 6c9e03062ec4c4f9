import { constants, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { ALGORITHMS, type Algorithm, type AlgorithmFacts, isRsa } from '../../src/kernel/algorithm.ts';
import { type Binding, NO_TIMES, type SigningKey, type WatchedKeyRing } from '../../src/kernel/key.ts';
import { DEFAULT_POLICY } from '../../src/kernel/policy.ts';
import type { Scope, ScopeDefinition } from '../../src/kernel/scope.ts';
import { Emitter } from '../../src/lib/emitter.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../../src/token/public-jwk.ts';

/** A key pair in memory: what no production code has. Signs anything, as a thief would. */
export interface SoftwareKey {
  readonly kid: string;
  readonly publicJwk: SigningKey['publicJwk'];
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  sign(signingInput: string): Buffer;
}

export function softwareKey(algorithm: Algorithm, modulusLength = 2048): SoftwareKey {
  const { publicKey: generated, privateKey } = generate(ALGORITHMS[algorithm], modulusLength);
  const publicJwk = readPublicJwk(generated.export({ format: 'jwk' }));
  return {
    kid: thumbprint(publicJwk),
    publicJwk,
    publicKey: importPublicKey(publicJwk),
    privateKey,
    sign: (signingInput) => signWith(algorithm, privateKey, signingInput),
  };
}

export function signWith(algorithm: Algorithm, key: KeyObject, signingInput: string): Buffer {
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  const bytes = Buffer.from(signingInput);
  switch (facts.kty) {
    case 'EC':
      return sign(facts.hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
    case 'OKP':
      return sign(null, bytes, key);
    case 'RSA':
      return facts.padding === 'pss'
        ? sign(facts.hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
        : sign(facts.hash, bytes, key);
  }
}

function generate(facts: AlgorithmFacts, modulusLength: number) {
  switch (facts.kty) {
    case 'EC':
      return generateKeyPairSync('ec', { namedCurve: facts.crv });
    case 'OKP':
      return generateKeyPairSync('ed25519');
    case 'RSA':
      return generateKeyPairSync('rsa', { modulusLength });
  }
}

/** Compact JWS over any texts. */
export function signedBy(key: Pick<SoftwareKey, 'sign'>, header: object, claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signingInput = `${encode(header)}.${encode(claims)}`;
  return `${signingInput}.${key.sign(signingInput).toString('base64url')}`;
}

export function aScope(definition: Partial<ScopeDefinition> & { id: string }): Scope {
  const algorithm = definition.algorithm ?? 'ES256';
  return {
    issuer: 'https://login.example.com',
    audience: `https://${definition.id}.example.com`,
    algorithm,
    modulusBits: isRsa(algorithm) ? 2048 : null,
    policy: DEFAULT_POLICY,
    contacts: [],
    hsmToken: 'primary',
    standbyToken: null,
    createdAt: 0,
    rotationPause: null,
    staleCacheHorizon: null,
    keySetVersion: 1,
    ...definition,
  };
}

const registry = softwareKey('ES256');

/** An active key of the scope; `changes` makes it anything else. The binding follows the key's own window. */
export function aSigningKey(
  scope: Scope,
  { kid, publicJwk, publicKey }: SoftwareKey,
  changes: Partial<SigningKey> & { signFrom: number | null; signUntil: number },
): SigningKey {
  const binding: Binding = changes.binding ?? {
    kid,
    scope: scope.id,
    issuer: scope.issuer,
    audience: scope.audience,
    algorithm: scope.algorithm,
    hsmId: randomBytes(16).toString('hex'),
    // A standby may wait for one period before it signs for another.
    signFrom:
      changes.signFrom ?? changes.publishedAt ?? changes.signUntil - 2 * scope.policy.cryptoperiodSeconds,
    signUntil: changes.signUntil,
    maxTtlSeconds: scope.policy.maxTtlSeconds,
  };
  const record = composeBindingRecord(binding, registry.kid, binding.signFrom);
  return {
    kid,
    scopeId: scope.id,
    hsmToken: scope.hsmToken,
    state: 'active',
    bindingRecord: `${record}.${registry.sign(record).toString('base64url')}`,
    publicJwk,
    publicKey,
    publishedAt: binding.signFrom,
    createdAt: binding.signFrom,
    times: NO_TIMES,
    keptForForensics: false,
    ...changes,
    binding,
  };
}

/** The hot path's view of scopes and keys, without a registry behind it. Later keys come first. */
export class SoftwareKeyRing implements WatchedKeyRing {
  readonly changes = new Emitter<string>();
  readonly #scopes = new Map<string, Scope>();
  readonly #keys = new Map<string, SigningKey>();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  put(scope: Scope, ...keys: readonly SigningKey[]): void {
    this.#revision++;
    this.#scopes.set(scope.id, scope);
    for (const key of keys) this.#keys.set(key.kid, key);
    this.changes.emit(scope.id);
  }

  scope(id: string): Scope | undefined {
    return this.#scopes.get(id);
  }

  scopes(): readonly Scope[] {
    return [...this.#scopes.values()];
  }

  activeKey(scopeId: string): SigningKey | undefined {
    return this.keysOf(scopeId).find(({ state }) => state === 'active');
  }

  keysOf(scopeId: string): readonly SigningKey[] {
    return [...this.#keys.values()]
      .filter((key) => key.scopeId === scopeId && key.state !== 'destroyed')
      .reverse();
  }

  keyNamed(kid: string): SigningKey | undefined {
    return this.#keys.get(kid);
  }
}
