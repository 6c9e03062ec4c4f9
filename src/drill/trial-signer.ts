import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { KeywardError } from '../domain/errors.ts';
import { FIRST_TOKEN } from '../domain/hsm-token.ts';
import type {
  KeyEvidence,
  KeyProof,
  KeyReference,
  KeySpecification,
  SealedStatements,
  Signer,
  TokenDescription,
} from '../domain/signer.ts';
import { composeKeyProof } from '../token/key-proof.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';

interface TrialKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/**
 * Keys of a rehearsal, in memory: they sign for verifiers that are themselves made up, and end with it. Nothing
 * that serves can be given one; `scripts/check-imports` sees to that.
 */
export class TrialSigner implements Signer {
  readonly tokens = [FIRST_TOKEN];
  readonly #byHsmId = new Map<string, TrialKey>();
  readonly #byKid = new Map<string, TrialKey>();
  readonly #copies = new Map<string, TrialKey>();

  /** Of the registry, which is there from the beginning. */
  readonly registry = this.#make('registry');

  async sign({ kid, signingInput }: { kid: string; signingInput: string }): Promise<Buffer> {
    return signWith(this.#byKid.get(kid), signingInput);
  }

  async generate({ hsmId, algorithm }: KeySpecification) {
    if (algorithm !== 'ES256')
      throw new KeywardError('algorithm_unavailable', 'a rehearsal signs with ES256');
    const { kid, publicJwk } = this.#make(hsmId);
    return { kid, publicJwk, proof: proofOf(kid) };
  }

  async serve(keys: readonly KeyReference[]): Promise<readonly KeyProof[]> {
    return keys.map(({ kid }) => proofOf(kid));
  }

  async discard({ hsmId }: { readonly hsmId: string }): Promise<void> {
    const key = this.#byHsmId.get(hsmId);
    this.#byHsmId.delete(hsmId);
    if (key) this.#byKid.delete(key.kid);
  }

  async destroy({ hsmId }: { readonly hsmId: string }): Promise<void> {
    await this.discard({ hsmId });
  }

  async prove({ kid, hsmId, bindingRecord }: KeyReference, nonce: string): Promise<KeyEvidence> {
    const token = await this.describe();
    const proof = proofOf(kid);
    const signingInput = composeKeyProof({
      kid,
      algorithm: 'ES256',
      hsmId,
      bindingRecord,
      attributes: proof.attributes,
      mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
      token,
      nonce,
      iat: 0,
    });
    const signature = await this.sign({ kid, signingInput });
    return { proof, token, statement: `${signingInput}.${signature.toString('base64url')}` };
  }

  /** It remembers nothing: a rehearsal begins with an empty registry. */
  async sealed(shown: SealedStatements): Promise<SealedStatements> {
    return shown;
  }

  async inventory() {
    return [];
  }

  async describe(): Promise<TokenDescription> {
    return {
      label: 'rehearsal',
      serial: '0',
      manufacturer: 'Keyward',
      model: 'memory',
      firmware: '0',
      algorithms: ['ES256'],
      sessions: 1,
      mechanisms: [],
    };
  }

  /** A thief's copy outlives the key. */
  signCopy(kid: string, signingInput: string): Buffer {
    return signWith(this.#copies.get(kid), signingInput);
  }

  #make(hsmId: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicJwk = readPublicJwk(publicKey.export({ format: 'jwk' }));
    const key = { kid: thumbprint(publicJwk), privateKey };
    this.#byHsmId.set(hsmId, key);
    this.#byKid.set(key.kid, key);
    this.#copies.set(key.kid, key);
    return { kid: key.kid, publicJwk, publicKey: importPublicKey(publicJwk) };
  }
}

function signWith(key: TrialKey | undefined, signingInput: string): Buffer {
  if (!key) throw new KeywardError('key_unproven', 'there is no such key in this rehearsal');
  return sign('sha256', Buffer.from(signingInput), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
}

function proofOf(kid: string): KeyProof {
  return { kid, proven: true, found: true, attributes: {}, unproven: [] };
}
