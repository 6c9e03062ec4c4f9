import { randomBytes } from 'node:crypto';
import { ALGORITHM_NAMES } from '../../src/kernel/algorithm.ts';
import { type ErrorCode, KeywardError } from '../../src/kernel/errors.ts';
import { FIRST_TOKEN } from '../../src/kernel/key.ts';
import { REQUIRED_ATTRIBUTES } from '../../src/kernel/key-proof.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import type {
  GeneratedKey,
  InventoryObject,
  KeyEvidence,
  KeyProof,
  KeyReference,
  KeySpecification,
  SealedStatements,
  Signer,
  SigningRequest,
  TokenDescription,
  TokenSigner,
} from '../../src/kernel/signer.ts';
import { requireReferences } from '../../src/signer/check-requests.ts';
import { guardOfBinding, readSigningInput, requireHeader } from '../../src/signer/guard.ts';
import { requireTrueKeySet } from '../../src/signer/key-set-guard.ts';
import { REGISTRY_LABEL } from '../../src/signer/protocol.ts';
import { BINDING_TYP, readBindingRecord } from '../../src/token/binding-record.ts';
import { composeKeyProof } from '../../src/token/key-proof.ts';
import { KEY_SET_TYP, MAX_KEY_SET_LENGTH } from '../../src/token/published-key-set.ts';
import { PROBE_TYP } from '../../src/token/registry-statement.ts';
import { type SoftwareKey, softwareKey } from './software-keys.ts';

interface StoredKey {
  readonly specification: KeySpecification;
  readonly key: SoftwareKey;
}

interface ServedKey {
  readonly hsmId: string;
  readonly key: SoftwareKey;
  readonly permit: (signingInput: string) => void;
}

/** Tests have clocks of their own, which the fake follows. */
const ANY_TIME = { requireNear: () => {} };

const REGISTRY_TYPES: readonly unknown[] = [BINDING_TYP, KEY_SET_TYP, PROBE_TYP];

/** The port over keys in memory: for tests of everything that needs a signer but no HSM. */
export class FakeSigner implements Signer, TokenSigner {
  readonly tokens = [FIRST_TOKEN];
  readonly registry = softwareKey('ES256');
  readonly #stored = new Map<string, StoredKey>();
  readonly #served = new Map<string, ServedKey>();
  readonly #copies = new Map<string, SoftwareKey>();
  /** Set to have every call fail so, as when the HSM is away. */
  outage: ErrorCode | null = null;

  constructor() {
    const hsmId = randomBytes(16).toString('hex');
    const specification = { hsmId, label: REGISTRY_LABEL, algorithm: 'ES256', modulusBits: null } as const;
    this.#stored.set(hsmId, { specification, key: this.registry });
  }

  async sign({ kid, signingInput, bindingRecords = [] }: SigningRequest): Promise<Buffer> {
    this.#requireHsm();
    if (kid === this.registry.kid) {
      this.#permitRegistry(signingInput, bindingRecords);
      return this.registry.sign(signingInput);
    }
    const served = this.#served.get(kid) ?? refuse('key_unproven', 'no proven key of this kid is in service');
    served.permit(signingInput);
    return served.key.sign(signingInput);
  }

  async generate(specification: KeySpecification): Promise<GeneratedKey> {
    this.#requireHsm();
    const { hsmId, label, algorithm, modulusBits } = specification;
    if (label === REGISTRY_LABEL) refuse('invalid_request', 'the signer was given a wrong label');
    if (this.#stored.has(hsmId)) refuse('hsm_refused', 'the HSM already holds an object of this id');
    const key = softwareKey(algorithm, modulusBits ?? undefined);
    this.#stored.set(hsmId, { specification, key });
    this.#copies.set(key.kid, key);
    return { kid: key.kid, publicJwk: key.publicJwk, proof: proofOf(key.kid, true) };
  }

  /** What a thief has who copied the key while it was there. */
  copyOf(kid: string): SoftwareKey {
    return this.#copies.get(kid) ?? refuse('unknown_key', 'no key of this kid was ever made here');
  }

  async serve(keys: readonly KeyReference[]): Promise<readonly KeyProof[]> {
    this.#requireHsm();
    this.#served.clear();
    return keys.map((reference) => this.#admit(reference));
  }

  async serveAlso(keys: readonly KeyReference[]): Promise<readonly KeyProof[]> {
    this.#requireHsm();
    requireReferences(keys);
    for (const { kid } of keys) this.#served.delete(kid);
    return keys.map((reference) => this.#admit(reference));
  }

  async release(hsmIds: readonly string[]): Promise<void> {
    this.#requireHsm();
    for (const [kid, { hsmId }] of this.#served) if (hsmIds.includes(hsmId)) this.#served.delete(kid);
  }

  async prove({ kid, hsmId, bindingRecord }: KeyReference, nonce: string): Promise<KeyEvidence> {
    this.#requireHsm();
    const token = await this.describe();
    const { key, specification } = this.#stored.get(hsmId) ?? {};
    if (key?.kid !== kid || !specification) {
      const proof = { ...proofOf(kid, false), found: false, unproven: ['not found'] };
      return { proof, token, statement: null };
    }
    const attributes = Object.fromEntries(
      Object.entries(REQUIRED_ATTRIBUTES).map(([name, value]) => [`CKA_${name}`, value]),
    );
    const signingInput = composeKeyProof({
      kid,
      algorithm: specification.algorithm,
      hsmId,
      bindingRecord,
      attributes,
      mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
      token,
      nonce,
      iat: 1_800_000_000,
    });
    const statement = `${signingInput}.${key.sign(signingInput).toString('base64url')}`;
    return { proof: { ...proofOf(kid, true), attributes }, token, statement };
  }

  async inventory(): Promise<readonly InventoryObject[]> {
    this.#requireHsm();
    return [...this.#stored.values()].flatMap(({ specification: { hsmId, label }, key: { kid } }) => [
      { class: 'private_key' as const, hsmId, label, kid: null },
      { class: 'public_key' as const, hsmId, label, kid },
    ]);
  }

  async discard({ hsmId }: { readonly hsmId: string }): Promise<void> {
    this.#requireHsm();
    const serves = [...this.#served.values()].some((served) => served.hsmId === hsmId);
    if (serves || this.#stored.get(hsmId)?.key === this.registry) {
      refuse('hsm_refused', 'the key of this id is in service');
    }
    this.#stored.delete(hsmId);
  }

  async destroy({ hsmId, kid }: { readonly hsmId: string; readonly kid: string }): Promise<void> {
    this.#requireHsm();
    if (kid === this.registry.kid) refuse('hsm_refused', 'the registry key is never destroyed this way');
    const stored = this.#stored.get(hsmId);
    if (stored && stored.key.kid !== kid) refuse('hsm_refused', 'the key under this id is another');
    this.#served.delete(kid);
    this.#stored.delete(hsmId);
  }

  /** It remembers nothing of its own. */
  async sealed(shown: SealedStatements): Promise<SealedStatements> {
    this.#requireHsm();
    return shown;
  }

  async describe(): Promise<TokenDescription> {
    this.#requireHsm();
    return {
      label: 'fake',
      serial: '0000000000000001',
      manufacturer: 'Keyward tests',
      model: 'memory',
      firmware: '1.0',
      algorithms: ALGORITHM_NAMES,
      sessions: 1,
      mechanisms: [],
    };
  }

  #admit({ kid, hsmId, bindingRecord }: KeyReference): KeyProof {
    const { key, specification } = this.#stored.get(hsmId) ?? {};
    if (!key || !specification) return { ...proofOf(kid, false), found: false, unproven: ['not found'] };
    try {
      const binding = readBindingRecord(bindingRecord, this.registry);
      const { scope: id, issuer, audience } = binding;
      if (binding.kid !== kid || binding.hsmId !== hsmId || key.kid !== kid) throw new Error('another key');
      if (specification.label !== scopeLabel({ id, issuer, audience })) throw new Error('another scope');
      this.#served.set(kid, { hsmId, key, permit: guardOfBinding(binding, ANY_TIME) });
      return proofOf(kid, true);
    } catch (error) {
      return { ...proofOf(kid, false), unproven: [String(error)] };
    }
  }

  #permitRegistry(signingInput: string, bindingRecords: readonly string[]): void {
    const { header, claims } = readSigningInput(signingInput, MAX_KEY_SET_LENGTH);
    requireHeader(header, this.registry.kid, 'ES256');
    if (!REGISTRY_TYPES.includes(header.typ)) refuse('binding_refused', 'typ is not one that this key signs');
    if (header.typ === BINDING_TYP) this.#requireTrueBinding(claims);
    if (header.typ === KEY_SET_TYP) {
      requireTrueKeySet(claims, bindingRecords, new Map([[this.registry.kid, this.registry]]));
    }
  }

  #requireTrueBinding(claims: Readonly<Record<string, unknown>>): void {
    const stored = this.#stored.get(String(claims.hsm_id));
    const [id, issuer, audience] = [claims.scope, claims.issuer, claims.audience].map(String);
    const label = scopeLabel({ id: id ?? '', issuer: issuer ?? '', audience: audience ?? '' });
    if (stored?.key.kid !== claims.kid || stored?.specification.label !== label) {
      refuse('binding_refused', 'the record says something else than the HSM');
    }
  }

  #requireHsm(): void {
    if (this.outage) {
      throw new KeywardError(this.outage, 'the HSM is away; try again', { retryAfterSeconds: 1 });
    }
  }
}

function proofOf(kid: string, proven: boolean): KeyProof {
  return { kid, proven, found: true, attributes: {}, unproven: [] };
}

function refuse(code: ErrorCode, message: string): never {
  throw new KeywardError(code, message);
}
