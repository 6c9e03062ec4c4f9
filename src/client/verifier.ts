import type { RefusalReason } from '../kernel/verification.ts';
import { parseToken } from '../token/parse-token.ts';
import { digestOf } from '../token/signing-input.ts';
import { type Claims, deepFrozen, type TokenClaims } from './claims.ts';
import { messageOf, problemReporter, type ReportProblem, TokenRefused } from './errors.ts';
import { KeySetKeeper, loaderOf } from './key-set-keeper.ts';
import { OfflineVerifier } from './offline-verifier.ts';
import { Online } from './online.ts';
import { type CheckedOptions, checkedOptions, type VerifierOptions } from './options.ts';
import type { KeySet } from './read-key-set.ts';
import { Service } from './service.ts';
import type { Sighted } from './sightings.ts';
import { type Surroundings, SYSTEM } from './time.ts';
import { RefusedTokens, VerdictCache } from './verdict-cache.ts';

/** For how many seconds a withdrawn key may still be accepted. */
export interface WithdrawalDelay {
  /** As things are. */
  readonly seconds: number;
  /** If the service cannot be reached from now on. */
  readonly inOutageSeconds: number;
}

/** How things are between the verifier and the service. */
export interface VerifierStatus {
  /** Of the key set that is held. */
  readonly keySetVersion: number | undefined;
  /** `none` where there is no credential to follow the events with. */
  readonly events: 'following' | 'lost' | 'none';
  /** Undefined as long as there is no key set. */
  readonly withdrawal: WithdrawalDelay | undefined;
}

/** Verifies tokens of one key scope, by itself and without luck. */
export interface Verifier {
  /**
   * The claims of a good token; `C` says what your issuer puts beside the registered ones. Throws `TokenRefused`
   * with the reason, or `VerifierUnavailable` where nothing can be said now.
   */
  verify<C extends object = object>(token: string): Promise<TokenClaims & C>;
  /** What it knows and how soon it would hear of a withdrawn key. Asks nobody. */
  status(): VerifierStatus;
  /** Ends what runs in the background, after the last sightings are sent. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export function verifierIn(options: VerifierOptions, surroundings: Surroundings = SYSTEM): Verifier {
  return new ScopeVerifier(checkedOptions(options), surroundings);
}

class ScopeVerifier implements Verifier {
  readonly #options: CheckedOptions;
  readonly #surroundings: Surroundings;
  readonly #reportProblem: ReportProblem;
  readonly #keeper: KeySetKeeper;
  readonly #verify: OfflineVerifier;
  readonly #online: Online | undefined;
  readonly #accepted: VerdictCache<TokenClaims>;
  readonly #refused = new RefusedTokens();

  constructor(options: CheckedOptions, surroundings: Surroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#reportProblem = problemReporter(options.onProblem);
    this.#accepted = new VerdictCache(options.cachedTokens);
    const { url, credential, fetch } = options;
    const reportProblem = this.#reportProblem;
    this.#keeper = new KeySetKeeper({
      load: loaderOf(new Service({ url, fetch }), options, surroundings),
      surroundings,
      reportProblem,
      onAdopted: (set, before) => this.#adopted(set, before),
    });
    this.#online =
      credential === undefined
        ? undefined
        : new Online({
            options,
            service: new Service({ url, credential, fetch }),
            keeper: this.#keeper,
            surroundings,
            reportProblem,
            onKeysChanged: () => this.#accepted.clear(),
            onRevoked: (concerned) => this.#accepted.drop(concerned),
            onRefused: (sighted, reason) => this.#onRefused(sighted, reason),
          });
    const { issuer, audience } = options;
    const nowSeconds = () => surroundings.clock.nowSeconds();
    const live = this.#online?.live;
    this.#verify = new OfflineVerifier({ issuer, audience, keeper: this.#keeper, live, nowSeconds });
    this.#keeper.get().catch(() => undefined);
  }

  async verify<C extends object>(token: string): Promise<TokenClaims & C> {
    const cacheKey = typeof token === 'string' && this.#mayRemember() ? VerdictCache.keyOf(token) : undefined;
    const known = cacheKey && this.#accepted.get(cacheKey, this.#surroundings.clock.nowSeconds());
    if (known) return known as TokenClaims & C;
    const parsed = parseToken(token);
    if (!parsed.ok) throw new TokenRefused('malformed');
    const { generation } = this.#accepted;
    const verdict = await this.#verify.verify(parsed.token);
    if (typeof verdict === 'string') throw new TokenRefused(verdict);
    const { claims, signingInput } = parsed.token;
    // Without events there is nobody to tell of it, and nobody who could have withdrawn it.
    const online = this.#online;
    const digest = online && digestOf(signingInput).toString('base64url');
    if (online && digest !== undefined) await this.#refuseWithdrawn(online, { token, digest }, claims);
    const accepted = deepFrozen(claims) as TokenClaims & C;
    if (this.#mayRemember() && this.#accepted.generation === generation) {
      this.#accepted.put(cacheKey ?? VerdictCache.keyOf(token), { claims: accepted, until: verdict.until });
    }
    if (digest !== undefined) online?.sightings.add({ token, digest, iat: accepted.iat });
    return accepted;
  }

  status(): VerifierStatus {
    const set = this.#keeper.held;
    const live = this.#online?.live;
    const bounds = set && {
      seconds: live?.current ? 1 : set.policy.jwksMaxAgeSeconds,
      inOutageSeconds: set.policy.jwksMaxAgeSeconds + set.policy.maxStaleSeconds,
    };
    const events = live ? (live.current ? 'following' : 'lost') : 'none';
    return { keySetVersion: set?.version, events, withdrawal: bounds };
  }

  async close(): Promise<void> {
    await this.#online?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What was withdrawn while the events were lost is not known: then every token is judged anew. */
  #mayRemember(): boolean {
    return this.#keeper.peek() !== undefined && (this.#online === undefined || this.#online.live.current);
  }

  async #refuseWithdrawn(
    online: Online,
    { token, digest }: Pick<Sighted, 'token' | 'digest'>,
    claims: Claims,
  ): Promise<void> {
    const refused = this.#refused.reasonFor(digest, this.#surroundings.clock.nowSeconds());
    if (refused) throw new TokenRefused(refused);
    const revocation = online.live.revocation(claims);
    if (revocation === 'revoked') throw new TokenRefused('revoked');
    if (revocation !== 'ask') return;
    const verdict = await online.verdicts.ask(token);
    if (verdict !== 'valid') throw new TokenRefused(verdict);
  }

  #adopted(set: KeySet, before: KeySet | undefined): void {
    if (before && !sameKeys(set, before)) this.#accepted.clear();
    this.#online?.adopted(set.version);
  }

  #onRefused({ token, digest }: Sighted, reason: RefusalReason): void {
    const parsed = parseToken(token);
    if (!parsed.ok) return;
    const { header, claims } = parsed.token;
    const skew = this.#keeper.held?.policy.clockSkewSeconds ?? 0;
    this.#refused.add(digest, reason, Number(claims.exp) + skew);
    this.#accepted.drop(({ claims: { jti, iat } }) => jti === claims.jti && iat === claims.iat);
    if (reason !== 'never_issued' && reason !== 'record_lost') return;
    try {
      this.#options.onForgery?.({ digest, kid: header.kid, claims: deepFrozen(claims), reason });
    } catch (error) {
      this.#reportProblem({ code: 'callback_failed', message: messageOf(error), cause: error });
    }
  }
}

function sameKeys(a: KeySet, b: KeySet): boolean {
  return (
    a.version === b.version &&
    a.keys.size === b.keys.size &&
    [...a.keys.keys()].every((kid) => b.keys.has(kid))
  );
}

/**
 * A verifier for the tokens of one key scope. It begins at once to fetch the key set and, with a credential, to
 * follow the scope's events; keep one for the life of the process and `close` it at the end. Throws a `TypeError`
 * that names the option which cannot be used.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return verifierIn(options);
}
