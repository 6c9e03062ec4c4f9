import type { KeyObject } from 'node:crypto';
import type { PublishedDocument } from '../../src/kernel/publication.ts';
import type { Scope } from '../../src/kernel/scope.ts';
import type { RefusalReason } from '../../src/kernel/verification.ts';
import { refusalOfClaims } from '../../src/token/check-claims.ts';
import { parseToken } from '../../src/token/parse-token.ts';
import { importPublicKey } from '../../src/token/public-jwk.ts';
import { type PublishedKey, readPublishedKey } from '../../src/token/published-key-set.ts';
import { verifySignatureSync } from '../../src/token/signature.ts';
import type { Fetch, Offer, Refreshing } from './refresh-habits.ts';

export interface CachingVerifierOptions {
  readonly name: string;
  readonly scope: Pick<Scope, 'issuer' | 'audience' | 'policy'>;
  readonly refreshing: Refreshing;
  /** How far its clock is ahead of the service's. */
  readonly aheadSeconds: number;
}

const MOST_REMEMBERED = 1_000;

type CachedKey = PublishedKey & { readonly publicKey: KeyObject };

/**
 * A relying service that verifies by itself, from what it has cached of the published key set and nothing else. It
 * never fetches because it meets an unknown `kid`.
 */
export class CachingVerifier {
  readonly name: string;
  readonly #options: CachingVerifierOptions;
  readonly #verified = new Map<string, boolean>();
  #last: Fetch | undefined;
  #keys: ReadonlyMap<string, CachedKey> = new Map();

  constructor(options: CachingVerifierOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** Of the key set that it goes by. */
  get etag(): string | undefined {
    return this.#last?.document.etag;
  }

  look(now: number, offer: Offer): void {
    const fetched = this.#options.refreshing(now, offer, this.#last);
    if (!fetched) return;
    if (fetched.document.etag !== this.etag) this.#keys = keysIn(fetched.document);
    this.#last = fetched;
  }

  /** Why it refuses the token; undefined where it takes it. */
  refusalOf(token: string, now: number): RefusalReason | undefined {
    const { scope, aheadSeconds } = this.#options;
    const { clockSkewSeconds } = scope.policy;
    const ownNow = now + aheadSeconds;
    const parsed = parseToken(token);
    if (!parsed.ok) return 'malformed';
    const { header, claims, signingInput, signature } = parsed.token;
    const key = this.#keys.get(header.kid);
    if (!key) return 'unknown_key';
    if (ownNow > key.verifyUntil) return 'key_retired';
    if (header.alg !== key.algorithm) return 'unsupported_algorithm';
    const rules = {
      issuer: scope.issuer,
      audience: scope.audience,
      clockSkewSeconds,
      maxTtlSeconds: key.verifyUntil - key.signUntil - clockSkewSeconds,
      signFrom: key.signFrom ?? key.publishedAt,
      signUntil: key.signUntil,
    };
    const refusal = refusalOfClaims(claims, rules, ownNow);
    if (refusal) return refusal;
    return this.#isRight(token, () =>
      verifySignatureSync(key.algorithm, key.publicKey, signingInput, signature),
    )
      ? undefined
      : 'bad_signature';
  }

  /** The same text under the same `kid` is not computed twice: a rehearsal shows each token often. */
  #isRight(token: string, verify: () => boolean): boolean {
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    if (this.#verified.size >= MOST_REMEMBERED) this.#verified.clear();
    const right = verify();
    this.#verified.set(token, right);
    return right;
  }
}

function keysIn({ body }: PublishedDocument): ReadonlyMap<string, CachedKey> {
  const { keys } = JSON.parse(body) as { keys: readonly unknown[] };
  return new Map(
    keys.map((jwk) => {
      const key = readPublishedKey(jwk);
      return [key.kid, { ...key, publicKey: importPublicKey(key.publicJwk) }];
    }),
  );
}
