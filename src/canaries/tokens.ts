import { ALGORITHMS, type Algorithm, type AlgorithmFacts, algorithmNamed } from '../kernel/algorithm.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { TokenRevocation } from '../kernel/revocation.ts';
import type {
  RefusalReason,
  RequestOrigin,
  Sightings,
  TokenVerifier,
  Verdict,
} from '../kernel/verification.ts';
import { type ParsedToken, parseToken } from '../token/parse-token.ts';
import { importPublicKey } from '../token/public-jwk.ts';
import { verifySignature } from '../token/signature.ts';
import type { Canary, CanaryAlarm, CanaryUse } from './canary.ts';
import { type CanaryIndex, touchBy } from './canary-index.ts';

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
export class CanaryKeyDetector {
  readonly #index: CanaryIndex;
  readonly #alarm: CanaryAlarm;
  #underWay = 0;

  constructor(index: CanaryIndex, alarm: CanaryAlarm) {
    this.#index = index;
    this.#alarm = alarm;
  }

  /** Beside the answer. `verdict` is undefined where there was none. */
  async check(
    presented: unknown,
    verdict: Verdict | undefined,
    use: CanaryUse,
    by?: RequestOrigin,
  ): Promise<void> {
    if (verdict?.valid || this.#index.keys().length === 0) return;
    const parsed = parseToken(presented);
    if (!parsed.ok) return;
    const named = this.#index.ofKid(parsed.token.header.kid);
    const reason = verdict?.reason;
    const isToBeTried = reason !== undefined && SIGNED_BY_NO_KEY_OF_OURS.has(reason);
    const canary = named ?? (isToBeTried ? await this.#signerOf(parsed.token) : undefined);
    if (canary) this.#alarm.touched(canary, touchBy(use, by));
  }

  async #signerOf(token: ParsedToken): Promise<Canary | undefined> {
    if (this.#underWay >= MOST_AT_ONCE) return undefined;
    this.#underWay += 1;
    try {
      for (const canary of this.#index.keys()) if (await hasSigned(canary, token)) return canary;
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

interface TokenWatchDeps {
  readonly index: CanaryIndex;
  readonly alarm: CanaryAlarm;
  readonly canaryKeys: Pick<CanaryKeyDetector, 'check'>;
  /** What kept a token from being looked at; the answer has been given. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Every token is looked up once there is a verdict, or none: a decoy goes on to alarm when it has long expired, and with
 * the ledger away. No verdict is another for it, and what an alarm sets going takes no time from the verdict's.
 */
export function watchVerifier(next: TokenVerifier, deps: TokenWatchDeps): TokenVerifier {
  const { index, alarm, canaryKeys, onFailure } = deps;
  return {
    verify(scopeId, presented, by) {
      const answer = next.verify(scopeId, presented, by);
      const use = by?.through ?? 'verify';
      const check = async (verdict?: Verdict) => {
        const shown = typeof presented === 'string' ? index.shownIn(presented) : [];
        for (const canary of shown) alarm.touched(canary, touchBy(use, by));
        await canaryKeys.check(presented, verdict, use, by);
      };
      answer.then(check, () => check()).catch(onFailure);
      return answer;
    },
  };
}

/** A decoy that a relying service tells of is one that it accepted. */
export function watchSightings(
  next: Sightings,
  { index, alarm, onFailure }: Omit<TokenWatchDeps, 'canaryKeys'>,
): Sightings {
  return {
    unknown(scopeId, sightings, by) {
      const unknown = next.unknown(scopeId, sightings, by);
      const check = () => {
        for (const { digest } of sightings) {
          const canary = index.ofDigest(digest);
          if (canary) alarm.touched(canary, touchBy('sighting', by));
        }
      };
      unknown.then(check, check).catch(onFailure);
      return unknown;
    },
  };
}

/** A thief does away with what he cannot use, or tries what he may do. */
export function watchRevocation(
  next: TokenRevocation,
  { index, alarm, onFailure }: Omit<TokenWatchDeps, 'canaryKeys'>,
): TokenRevocation {
  return {
    revoke(scopeId, token, actor, remote) {
      const answer = next.revoke(scopeId, token, actor, remote);
      const { operatorId: caller, requestId } = actor;
      const check = () => {
        for (const canary of index.shownIn(token)) {
          alarm.touched(canary, { use: 'revoke', caller, remote, requestId });
        }
      };
      answer.then(check, check).catch(onFailure);
      return answer;
    },
  };
}
