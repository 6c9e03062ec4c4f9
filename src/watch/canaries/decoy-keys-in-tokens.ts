import { ALGORITHMS, type Algorithm, type AlgorithmFacts, algorithmNamed } from '../../kernel/algorithm.ts';
import type { Canary, CanaryAlarm, CanaryUse } from '../../kernel/canary.ts';
import type { PublicJwk } from '../../kernel/key.ts';
import type { RefusalReason } from '../../kernel/verification.ts';
import type { RequestOrigin } from '../../domain/request-origin.ts';
import type { Verdict } from '../../domain/verification.ts';
import { type ParsedToken, parseToken } from '../../token/parse-token.ts';
import { importPublicKey } from '../../token/public-jwk.ts';
import { verifySignature } from '../../token/signature.ts';
import type { CanaryIndex } from '../../canaries/canary-index.ts';
import { touchBy } from './touch-by.ts';

/** Of tokens that were refused otherwise, the signature was found to be that of a real key. */
const SIGNED_BY_NO_KEY_OF_OURS: ReadonlySet<RefusalReason> = new Set([
  'unsupported_algorithm',
  'unknown_key',
  'wrong_scope',
  'bad_signature',
  'key_suspended',
  'key_compromised',
  'key_retired',
  'outside_signing_window',
]);

/** Refused tokens whose signatures are looked at; past them a token is known by the kid that it bears alone. */
const MOST_AT_ONCE = 8;

/**
 * Whether a token that was refused was made with a decoy key: by the kid that it bears, or by its signature, since a
 * thief who took the wrong key of the two with that label writes the kid of the right one.
 */
export class DecoyKeysInTokens {
  readonly #book: CanaryIndex;
  readonly #alarm: CanaryAlarm;
  #underWay = 0;

  constructor(book: CanaryIndex, alarm: CanaryAlarm) {
    this.#book = book;
    this.#alarm = alarm;
  }

  /** Beside the answer. `verdict` is undefined where there was none. */
  async look(
    presented: unknown,
    verdict: Verdict | undefined,
    use: CanaryUse,
    by?: RequestOrigin,
  ): Promise<void> {
    if (verdict?.valid || this.#book.keys().length === 0) return;
    const parsed = parseToken(presented);
    if (!parsed.ok) return;
    const named = this.#book.ofKid(parsed.token.header.kid);
    const reason = verdict?.reason;
    const isToBeTried = reason !== undefined && SIGNED_BY_NO_KEY_OF_OURS.has(reason);
    const canary = named ?? (isToBeTried ? await this.#signerOf(parsed.token) : undefined);
    if (canary) this.#alarm.touched(canary, touchBy(use, by));
  }

  async #signerOf(token: ParsedToken): Promise<Canary | undefined> {
    if (this.#underWay >= MOST_AT_ONCE) return undefined;
    this.#underWay += 1;
    try {
      for (const canary of this.#book.keys()) if (await hasSigned(canary, token)) return canary;
      return undefined;
    } finally {
      this.#underWay -= 1;
    }
  }
}

async function hasSigned(
  { key }: Canary,
  { header, signingInput, signature }: ParsedToken,
): Promise<boolean> {
  const jwk = key?.made?.publicJwk;
  const algorithm = algorithmNamed(header.alg);
  if (!jwk || !algorithm || !isKeyFor(algorithm, jwk)) return false;
  return await verifySignature(algorithm, importPublicKey(jwk), signingInput, signature);
}

function isKeyFor(algorithm: Algorithm, jwk: PublicJwk): boolean {
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  return jwk.kty === 'RSA' || facts.kty === 'RSA' ? jwk.kty === facts.kty : facts.crv === jwk.crv;
}
