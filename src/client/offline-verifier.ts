import type { Algorithm } from '../kernel/algorithm.ts';
import type { KeyState } from '../kernel/key.ts';
import type { RefusalReason } from '../kernel/verification.ts';
import type { ParsedToken } from '../token/parse-token.ts';
import { type SignatureCheck, verifySignature, verifySignatureSync } from '../token/signature.ts';
import { type VerificationRules, verifyToken } from '../token/verify-token.ts';
import type { KeySetKeeper } from './key-set-keeper.ts';
import type { LiveState } from './live-state.ts';
import type { HeldKey, KeySet } from './read-key-set.ts';

/** Those that would hold up the event loop for longer than a hand-over to the thread pool takes, many times over. */
const LONG: ReadonlySet<Algorithm> = new Set(['ES384']);

/**
 * On the calling thread where that is quick: a job in the thread pool costs some 50 µs of CPU beside the check, as
 * much as the check itself, and a verifier mostly has one token at a time.
 */
const checkSignature: SignatureCheck = (algorithm, ...rest) =>
  LONG.has(algorithm) ? verifySignature(algorithm, ...rest) : verifySignatureSync(algorithm, ...rest);

interface OfflineVerifierDeps {
  readonly issuer: string;
  readonly audience: string;
  readonly keeper: KeySetKeeper;
  /** Where the events of the scope are followed. */
  readonly live: LiveState | undefined;
  readonly nowSeconds: () => number;
}

/** The first instant at which the token is good no longer; or why it is not good at all. */
type OfflineVerdict = { readonly until: number } | RefusalReason;

interface Found {
  readonly set: KeySet;
  readonly key: HeldKey;
}

const WITHDRAWN = new Map<KeyState | undefined, RefusalReason>([
  ['suspended', 'key_suspended'],
  ['compromised', 'key_compromised'],
  ['destroyed', 'key_retired'],
]);

/** Judges a token by the key set that is held and by what the events said of its keys. */
export class OfflineVerifier {
  readonly #deps: OfflineVerifierDeps;

  constructor(deps: OfflineVerifierDeps) {
    this.#deps = deps;
  }

  /** `VerifierUnavailable` where no key set may serve. */
  async verify(token: ParsedToken): Promise<OfflineVerdict> {
    const { keeper, live } = this.#deps;
    const { kid } = token.header;
    const set = keeper.peek() ?? (await keeper.get());
    const key = set.keys.get(kid);
    const found = key ? { set, key } : await this.#lookFor(kid);
    if (typeof found === 'string') return found;
    const verdict = await this.#hold(token, found);
    const isByStandby =
      found.key.signFrom === null && live?.current && live.stateOf(kid) === 'pre_activation';
    return isByStandby && typeof verdict !== 'string' ? this.#judgeByStandby(token, verdict) : verdict;
  }

  async #lookFor(kid: string): Promise<Found | RefusalReason> {
    const { keeper, live } = this.#deps;
    const state = live?.stateOf(kid);
    const withdrawn = WITHDRAWN.get(state);
    if (withdrawn) return withdrawn;
    if (state === 'deactivated') return 'key_retired';
    await keeper.refresh();
    const set = keeper.peek();
    const key = set?.keys.get(kid);
    return set && key ? { set, key } : 'unknown_key';
  }

  async #hold(token: ParsedToken, { set, key }: Found): Promise<OfflineVerdict> {
    const now = this.#deps.nowSeconds();
    const { refusal } = await verifyToken(token, this.#rules(set, key), now);
    if (refusal) return refusal;
    return { until: Math.min(Number(token.claims.exp) + set.policy.clockSkewSeconds, key.verifyUntil + 1) };
  }

  #rules(set: KeySet, key: HeldKey): VerificationRules {
    const { issuer, audience } = this.#deps;
    const { maxTtlSeconds, clockSkewSeconds, tokenTypes, requireSubject } = set.policy;
    const { algorithm, publicKey, publishedAt, signFrom, signUntil, verifyUntil } = key;
    return {
      algorithm,
      publicKey,
      checkSignature,
      tokenTypes,
      requireSubject,
      rules: {
        issuer,
        audience,
        clockSkewSeconds,
        // The key's own longest life, which no wider policy revives.
        maxTtlSeconds: Math.min(maxTtlSeconds, verifyUntil - signUntil - clockSkewSeconds),
        signFrom: signFrom ?? publishedAt,
        signUntil,
      },
      refusal: () => this.#standing(set, key),
    };
  }

  #standing(set: KeySet, { kid, verifyUntil }: HeldKey): RefusalReason | undefined {
    const { keeper, live, nowSeconds } = this.#deps;
    const state = live?.stateOf(kid);
    const withdrawn = WITHDRAWN.get(state);
    if (withdrawn) return withdrawn;
    if (live?.current && live.version >= set.version && state === undefined) return 'unknown_key';
    if (keeper.held !== set && !keeper.held?.keys.has(kid)) return 'unknown_key';
    return nowSeconds() > verifyUntil ? 'key_retired' : undefined;
  }

  /**
   * A standby has signed nothing, unless it was promoted a moment ago: then the key set says so before the events
   * do. Where that cannot be had, the published bounds count, as they do for whoever hears no events.
   */
  async #judgeByStandby(token: ParsedToken, byBounds: OfflineVerdict): Promise<OfflineVerdict> {
    const { keeper, live } = this.#deps;
    const { kid } = token.header;
    const renewed = await keeper.renewSoon().then(
      () => true,
      () => false,
    );
    const set = keeper.held;
    const key = set?.keys.get(kid);
    if (!set || !key) return 'unknown_key';
    if (key.signFrom !== null || live?.stateOf(kid) !== 'pre_activation')
      return this.#hold(token, { set, key });
    return renewed ? 'outside_signing_window' : byBounds;
  }
}
