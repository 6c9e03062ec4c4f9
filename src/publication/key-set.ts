import { hash } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type KeyRing, type KeyState, type SigningKey, verifyUntil } from '../kernel/key.ts';
import { isOfTheFuture } from '../kernel/key-window.ts';
import type { PublishedDocument } from '../kernel/publication.ts';
import type { Scope } from '../kernel/scope.ts';
import { composePublishedKey, composePublishedPolicy, KEY_SET_TYP } from '../token/published-key-set.ts';
import { composeSigningInput } from '../token/signing-input.ts';

/** With a strong entity tag that follows the content. */
export function publish(contentType: string, body: string, maxAgeSeconds: number): PublishedDocument {
  const etag = `"${hash('sha256', body, 'base64url')}"`;
  return { contentType, body, etag, maxAgeSeconds };
}

const PUBLISHED_STATES = new Set<KeyState>(['pre_activation', 'active', 'deactivated']);

/** The keys of one scope that a verifier should hold now (DESIGN §6). */
export function publishedKeys(keyRing: KeyRing, scope: Scope, clock: Clock): readonly SigningKey[] {
  const now = clock.nowSeconds();
  const { clockSkewSeconds } = scope.policy;
  return keyRing
    .keysOf(scope.id)
    .filter((key) => PUBLISHED_STATES.has(key.state) && now <= verifyUntil(key, clockSkewSeconds))
    .filter((key) => !isOfTheFuture(key, now));
}

/**
 * RFC 7517 §5, with the bounds of each key, `nbf` and `exp` as OpenID Federation means them, and the part of the
 * policy that a verifier obeys. Libraries that know neither ignore both.
 */
export function composeKeySet(keys: readonly SigningKey[], { policy }: Scope) {
  return {
    keys: keys.map(({ kid, binding, publicJwk, publishedAt, signFrom, signUntil, ...key }) =>
      composePublishedKey({
        kid,
        algorithm: binding.algorithm,
        publicJwk,
        publishedAt,
        signFrom: signFrom === null ? null : Math.max(signFrom, binding.signFrom),
        signUntil: Math.min(signUntil, binding.signUntil),
        verifyUntil: verifyUntil({ ...key, signUntil, binding }, policy.clockSkewSeconds),
      }),
    ),
    kw_policy: composePublishedPolicy(policy),
  };
}

export interface KeySetSigner {
  readonly kid: string;
  sign(signingInput: string, bindingRecords: readonly string[]): Promise<string>;
}

export interface KeySetSigners {
  readonly first: KeySetSigner;
  /** Asked in that order where there would be no set at all. */
  readonly deputies: readonly KeySetSigner[];
}

interface Signed {
  readonly document: PublishedDocument;
  /** What it says, but for its times. */
  readonly content: string;
  readonly keys: readonly { readonly kid: string; readonly exp: number }[];
  readonly iat: number;
  readonly exp: number;
}

interface Wanted {
  readonly scope: Scope;
  readonly keys: readonly SigningKey[];
  readonly content: string;
}

/** An HSM that is away is not asked at every request. */
const PAUSE_AFTER_FAILURE_SECONDS = 5;

/**
 * Key sets signed by the registry key. One signature serves for half the max-age, however many ask; then the next
 * is made while the last still serves. With the HSM away the last one serves for as long as it is valid, unless a
 * key in it is published no more: nobody is to take up a withdrawn key anew. Then a deputy signs, a key on another HSM token.
 */
export class SignedKeySets {
  readonly #signers: KeySetSigners;
  readonly #clock: Clock;
  readonly #signed = new Map<string, Signed>();
  readonly #underWay = new Map<string, Promise<Signed>>();
  readonly #failedAt = new Map<string, number>();

  constructor(signers: KeySetSigners, clock: Clock) {
    this.#signers = signers;
    this.#clock = clock;
  }

  /** Whether anybody has asked for the scope's. */
  holds(scopeId: string): boolean {
    return this.#signed.has(scopeId);
  }

  /** `hsm_unavailable` and the like, where there is none to serve. */
  async document(scope: Scope, keys: readonly SigningKey[]): Promise<PublishedDocument> {
    const now = this.#clock.nowSeconds();
    const wanted = { scope, keys, content: contentOf(scope, keys) };
    const last = this.#signed.get(scope.id);
    if (last?.content !== wanted.content) return (await this.#renewed(wanted, last)).document;
    const { jwksMaxAgeSeconds } = scope.policy;
    if (now < last.iat + jwksMaxAgeSeconds / 2) return last.document;
    const renewed = this.#renewed(wanted, last);
    const lastsLongEnough = now + jwksMaxAgeSeconds < last.exp;
    if (!lastsLongEnough) return (await renewed).document;
    // It serves meanwhile; why the next one failed is told to whoever asks once it does not.
    renewed.catch(() => undefined);
    return last.document;
  }

  async #renewed(wanted: Wanted, last: Signed | undefined): Promise<Signed> {
    const now = this.#clock.nowSeconds();
    const usable = last !== undefined && now < last.exp && nothingWithdrawn(last, wanted, now);
    const failedAt = this.#failedAt.get(wanted.scope.id) ?? Number.NEGATIVE_INFINITY;
    const paused = now >= failedAt && now < failedAt + PAUSE_AFTER_FAILURE_SECONDS;
    if (paused && usable) return last;
    try {
      return await this.#once(nameOf(wanted), () => this.#signedFirst(wanted));
    } catch (error) {
      if (!(error instanceof KeywardError)) throw error;
      if (usable) return last;
      return await this.#once(`deputy ${nameOf(wanted)}`, () => this.#signedByDeputy(wanted, error));
    }
  }

  /** By the first that can. */
  async #signedByDeputy(wanted: Wanted, failure: KeywardError): Promise<Signed> {
    for (const deputy of this.#signers.deputies) {
      try {
        return await this.#sign(wanted, deputy);
      } catch (error) {
        if (!(error instanceof KeywardError)) throw error;
      }
    }
    throw failure;
  }

  /** One signature at a time for each content. */
  #once(name: string, sign: () => Promise<Signed>): Promise<Signed> {
    const signing = this.#underWay.get(name) ?? sign().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, signing);
    return signing;
  }

  async #signedFirst(wanted: Wanted): Promise<Signed> {
    const scopeId = wanted.scope.id;
    try {
      const signed = await this.#sign(wanted, this.#signers.first);
      this.#failedAt.delete(scopeId);
      return signed;
    } catch (error) {
      this.#failedAt.set(scopeId, this.#clock.nowSeconds());
      throw error;
    }
  }

  async #sign({ scope, keys, content }: Wanted, signer: KeySetSigner): Promise<Signed> {
    const { jwksMaxAgeSeconds, maxStaleSeconds } = scope.policy;
    const iat = this.#clock.nowSeconds();
    const exp = iat + jwksMaxAgeSeconds + maxStaleSeconds;
    const { keySetVersion: version, issuer: iss, id: sub } = scope;
    const set = composeKeySet(keys, scope);
    const header = { alg: 'ES256', typ: KEY_SET_TYP, kid: signer.kid } as const;
    const signingInput = composeSigningInput(header, JSON.stringify({ iss, sub, iat, exp, version, ...set }));
    const records = keys.map(({ bindingRecord }) => bindingRecord);
    const jws = await signer.sign(signingInput, records);
    const document = publish('application/jwk-set+jwt', jws, jwksMaxAgeSeconds);
    const signed = { document, content, keys: set.keys, iat, exp };
    this.#signed.set(scope.id, signed);
    return signed;
  }
}

function nameOf({ scope, content }: Wanted): string {
  return `${scope.id} ${content}`;
}

function contentOf(scope: Scope, keys: readonly SigningKey[]): string {
  return `${scope.keySetVersion} ${JSON.stringify(composeKeySet(keys, scope))}`;
}

/** A key whose time is over is missing in the next set, and does no harm in the last. */
function nothingWithdrawn(last: Signed, { keys }: Wanted, now: number): boolean {
  const standing = new Set(keys.map(({ kid }) => kid));
  return last.keys.every(({ kid, exp }) => standing.has(kid) || exp < now);
}
