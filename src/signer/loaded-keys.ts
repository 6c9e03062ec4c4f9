import type { KeyObject } from 'node:crypto';
import { ALGORITHMS, type Algorithm, type AlgorithmFacts } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { Cryptoki, Handle } from './cryptoki.ts';
import type { Guard } from './guard.ts';
import type { Session } from './hsm.ts';
import { MECHANISMS } from './mechanisms.ts';

/** A key of the HSM that this process can sign with. */
export interface LiveKey {
  readonly kid: string;
  readonly hsmId: string;
  readonly algorithm: Algorithm;
  readonly privateKey: Handle;
  readonly publicJwk: PublicJwk;
  readonly publicKey: KeyObject;
  readonly signatureBytes: number;
}

export function signatureBytesOf(algorithm: Algorithm, publicJwk: PublicJwk): number {
  if (publicJwk.kty === 'RSA') return Buffer.from(publicJwk.n, 'base64url').length;
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  return 'signatureBytes' in facts ? facts.signatureBytes : 0;
}

/** In JOSE form, which is what the module gives: r and s side by side, or the bytes as they are. */
export function signNow(cryptoki: Cryptoki, session: Session, key: LiveKey, signingInput: string): Buffer {
  const { sign, inputOf } = MECHANISMS[key.algorithm];
  try {
    const input = inputOf(signingInput);
    return whole(key, cryptoki.signSync(session.handle, sign, key.privateKey, input, key.signatureBytes));
  } catch (error) {
    session.renew();
    throw error;
  }
}

/** The same in another thread, while the session is held. */
export async function signLater(
  cryptoki: Cryptoki,
  session: Session,
  key: LiveKey,
  signingInput: string,
): Promise<Buffer> {
  const { sign, inputOf } = MECHANISMS[key.algorithm];
  try {
    const input = inputOf(signingInput);
    return whole(
      key,
      await cryptoki.signAsync(session.handle, sign, key.privateKey, input, key.signatureBytes),
    );
  } catch (error) {
    session.renew();
    throw error;
  }
}

function whole(key: LiveKey, signature: Buffer): Buffer {
  if (signature.length === key.signatureBytes) return signature;
  throw new KeywardError('signature_wrong', 'the HSM gave a signature of the wrong length');
}

/** A key in service, with what decides over each input before it is signed. */
export interface ServedKey extends LiveKey {
  /** Its `CKA_LABEL`. */
  readonly label: string;
  readonly guard: Guard;
}

/** The keys in service by kid, and those that sign in other threads at this moment. */
export class LoadedKeys {
  #keys: Map<string, ServedKey> = new Map();
  readonly #signing = new Map<string, Set<Promise<unknown>>>();
  #bindingIssuer: ServedKey | null = null;
  #audit: ServedKey | null = null;

  get(kid: string): ServedKey | undefined {
    return (
      this.#keys.get(kid) ?? [this.#bindingIssuer, this.#audit].find((key) => key?.kid === kid) ?? undefined
    );
  }

  /** Of the service's own, whose statements are made one after the other. */
  isOwn(key: ServedKey): boolean {
    return key === this.#bindingIssuer || key === this.#audit;
  }

  /** Until the signature is there, the objects of its key stay. */
  async whileSigning<T>({ hsmId }: ServedKey, signature: Promise<T>): Promise<T> {
    const ofKey = this.#signing.get(hsmId) ?? new Set();
    this.#signing.set(hsmId, ofKey.add(signature));
    try {
      return await signature;
    } finally {
      ofKey.delete(signature);
      if (ofKey.size === 0) this.#signing.delete(hsmId);
    }
  }

  /** Settles once no signature is being made with the key of that `CKA_ID`. Take it out of service first. */
  async whenIdle(hsmId: string): Promise<void> {
    await Promise.allSettled(this.#signing.get(hsmId) ?? []);
  }

  /** The key whose word the binding records are. */
  get bindingIssuer(): ServedKey | null {
    return this.#bindingIssuer;
  }

  get audit(): ServedKey | null {
    return this.#audit;
  }

  servesId(hsmId: string): boolean {
    return [...this.#keys.values(), this.#bindingIssuer, this.#audit].some((key) => key?.hsmId === hsmId);
  }

  setBindingIssuer(bindingIssuer: ServedKey | null): void {
    this.#bindingIssuer = bindingIssuer;
  }

  setAudit(audit: ServedKey | null): void {
    this.#audit = audit;
  }

  replace(keys: readonly ServedKey[]): void {
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
  }

  get size(): number {
    return this.#keys.size;
  }

  add(key: ServedKey): void {
    this.#keys.set(key.kid, key);
  }

  remove(kid: string): void {
    this.#keys.delete(kid);
  }

  /** By their `CKA_ID`. */
  removeIds(hsmIds: ReadonlySet<string>): void {
    for (const { kid, hsmId } of this.#keys.values()) if (hsmIds.has(hsmId)) this.#keys.delete(kid);
  }
}
