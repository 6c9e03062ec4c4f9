import { MAX_KEY_SET_LENGTH } from '../token/published-key-set.ts';
import { messageOf, type ReportProblem, VerifierUnavailable } from './errors.ts';
import { type KeySet, pinnedKeys, readKeySet, readSignedKeySet } from './read-key-set.ts';
import type { Answer, Service } from './service.ts';
import { backoffMs, pause, type Surroundings, startWatch } from './time.ts';

export interface LoadedKeySet {
  readonly set: KeySet;
  /** Of the answer's `Cache-Control`; undefined where it says nothing. */
  readonly maxAgeSeconds: number | undefined;
}

interface KeySetKeeperDeps {
  /** Fails with what is wrong, a `ServiceFailure` where nothing was had. */
  readonly load: () => Promise<LoadedKeySet>;
  readonly surroundings: Surroundings;
  readonly reportProblem: ReportProblem;
  readonly onAdopted: (set: KeySet, before: KeySet | undefined) => void;
}

interface Held {
  readonly set: KeySet;
  readonly ageMs: () => number;
  readonly maxAgeMs: number;
  /** From that age on the next one is fetched ahead of time. */
  readonly aheadMs: number;
}

const PAUSE = { firstMs: 1_000, maxMs: 30_000 };
/** Between two looks for a kid that is not in the set. */
const COOL_DOWN_MS = 10_000;
const SPACING_MS = 1_000;
/** So that no cache in between, whatever it says, makes each verification a request. */
const SHORTEST_AGE_SECONDS = 5;
const NEVER = new AbortController().signal;

const MOST_FIRST_VERSION = 1_000_000;
const MOST_VERSION_STEP = 100_000;

/**
 * The highest version that is believed after one that was seen, if any. A rotation takes a few steps; a restored
 * database goes on beyond as many as the audit events that were lost. One absurd version would shut out all that
 * follow, since older ones are refused.
 */
export function furthestVersion(seen: number | undefined): number {
  return seen === undefined ? MOST_FIRST_VERSION : seen + MOST_VERSION_STEP;
}

/**
 * Holds the last good key set of a scope. It is fetched ahead of time, kept through an outage for as long as the
 * scope's policy allows, and never replaced by an older version or by anything that is no key set of the scope.
 */
export class KeySetKeeper {
  readonly #deps: KeySetKeeperDeps;
  #held: Held | undefined;
  #fetching: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #soon: Promise<void> | undefined;
  #sinceFetch: () => number = () => Number.POSITIVE_INFINITY;
  #failures = 0;
  #lastFailure: unknown;
  #sinceFailure: () => number = () => Number.POSITIVE_INFINITY;
  #pauseMs = 0;
  #sinceLook: () => number = () => Number.POSITIVE_INFINITY;

  constructor(deps: KeySetKeeperDeps) {
    this.#deps = deps;
  }

  /** The last good set, however old. */
  get held(): KeySet | undefined {
    return this.#held?.set;
  }

  /** The set that serves now without waiting; where it is about to age, the next one is fetched meanwhile. */
  peek(): KeySet | undefined {
    const held = this.#held;
    if (!held || !this.#isUsable(held)) return undefined;
    const ageMs = held.ageMs();
    if (ageMs >= held.maxAgeMs && !this.#isPaused()) return undefined;
    if (ageMs >= held.aheadMs && !this.#isPaused()) this.#refresh().catch(() => undefined);
    return held.set;
  }

  /** `VerifierUnavailable` where none may serve. */
  async get(): Promise<KeySet> {
    const ready = this.peek();
    if (ready) return ready;
    if (!this.#isPaused()) await this.#refresh().catch(() => undefined);
    const held = this.#held;
    if (held && this.#isUsable(held)) return held.set;
    throw new VerifierUnavailable(
      held ? 'the key set is too old to go on with, and there is no newer one' : 'there is no key set yet',
      { cause: this.#lastFailure },
    );
  }

  /** Settles once what was published at the time of the call, or later, is held; fails where it cannot be had. */
  renew(): Promise<void> {
    if (!this.#fetching) return this.#refresh();
    // What is under way may have been composed before.
    this.#following ??= this.#fetching
      .catch(() => undefined)
      .then(() => {
        this.#following = undefined;
        return this.#refresh();
      });
    return this.#following;
  }

  /** The same, at most once a second, whoever asks. */
  renewSoon(): Promise<void> {
    this.#soon ??= pause(SPACING_MS - this.#sinceFetch(), NEVER)
      .then(() => this.renew())
      .finally(() => {
        this.#soon = undefined;
      });
    return this.#soon;
  }

  /** Looks for a kid that is not in the set, at most once in a while, whoever asks. */
  async refresh(): Promise<void> {
    if (this.#sinceLook() < COOL_DOWN_MS || this.#isPaused()) return this.#fetching?.catch(() => undefined);
    this.#sinceLook = startWatch(this.#deps.surroundings);
    await this.#refresh().catch(() => undefined);
  }

  #refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    this.#sinceFetch = startWatch(this.#deps.surroundings);
    try {
      const loaded = await this.#deps.load();
      this.#adopt(loaded);
      this.#failures = 0;
      this.#pauseMs = 0;
    } catch (error) {
      const { surroundings, reportProblem } = this.#deps;
      this.#pauseMs = PAUSE.firstMs / 2 + backoffMs(this.#failures, PAUSE, surroundings.random());
      this.#failures += 1;
      this.#sinceFailure = startWatch(surroundings);
      this.#lastFailure = error;
      const reached = !(error instanceof Error && error.name === 'ServiceFailure');
      reportProblem({
        code: reached ? 'key_set_refused' : 'key_set_unreachable',
        message: reached ? `the key set is not taken up: ${messageOf(error)}` : messageOf(error),
        cause: error,
      });
      throw error;
    }
  }

  #adopt({ set, maxAgeSeconds }: LoadedKeySet): void {
    const { surroundings, onAdopted } = this.#deps;
    const before = this.#held?.set;
    if (before && set.version < before.version) {
      throw new Error(`its version is ${set.version}, and ${before.version} has been seen`);
    }
    if (set.version > furthestVersion(before?.version)) {
      throw new Error(`its version is ${set.version}, too far beyond ${before?.version ?? 'the first'}`);
    }
    const longest = set.policy.jwksMaxAgeSeconds;
    const maxAgeMs = 1_000 * Math.min(Math.max(maxAgeSeconds ?? longest, SHORTEST_AGE_SECONDS), longest);
    const aheadMs = maxAgeMs * (0.7 + 0.2 * surroundings.random());
    this.#held = { set, maxAgeMs, aheadMs, ageMs: startWatch(surroundings) };
    onAdopted(set, before);
  }

  #isUsable({ set, ageMs, maxAgeMs }: Held): boolean {
    if (set.expiresAt !== null && this.#deps.surroundings.clock.nowSeconds() >= set.expiresAt) return false;
    return ageMs() < maxAgeMs + set.policy.maxStaleSeconds * 1_000;
  }

  #isPaused(): boolean {
    return this.#sinceFailure() < this.#pauseMs;
  }
}

interface LoaderOptions {
  readonly scope: string;
  readonly issuer: string;
  readonly registryKey?: object | readonly object[] | undefined;
}

const COMMON = {
  method: 'GET',
  headers: { 'cache-control': 'no-cache' },
  maxBytes: MAX_KEY_SET_LENGTH,
} as const;

const DEADLINE_MS = 5_000;

/** How the key set of a scope is had: plain, or signed where the registry key is pinned. */
export function loaderOf(
  service: Service,
  { scope, issuer, registryKey }: LoaderOptions,
  { clock }: Surroundings,
  deadlineMs = DEADLINE_MS,
): () => Promise<LoadedKeySet> {
  if (registryKey === undefined) {
    const accept = ['application/jwk-set+json', 'application/json'];
    return async () => {
      const answer = await service.call({ ...COMMON, path: `scopes/${scope}/jwks.json`, accept, deadlineMs });
      return { set: readKeySet(answer.text, scope), maxAgeSeconds: maxAgeOf(answer) };
    };
  }
  const pinned = pinnedKeys(registryKey);
  return async () => {
    const accept = ['application/jwk-set+jwt'];
    const answer = await service.call({ ...COMMON, path: `scopes/${scope}/jwks.jwt`, accept, deadlineMs });
    const set = await readSignedKeySet(answer.text, { scope, issuer, pinned }, clock.nowSeconds());
    return { set, maxAgeSeconds: maxAgeOf(answer) };
  };
}

const MAX_AGE = /(?:^|[,\s])max-age=(\d{1,9})\s*(?:,|$)/i;
const AGE = /^\d{1,9}$/;

/**
 * What is left of it where a cache in between has held the answer (RFC 9111 §4.2.3). A header that holds no plain number
 * is passed over.
 */
function maxAgeOf({ headers }: Answer): number | undefined {
  const [, seconds] = MAX_AGE.exec(headers.get('cache-control') ?? '') ?? [];
  const age = headers.get('age') ?? '';
  return seconds === undefined ? undefined : Number(seconds) - (AGE.test(age) ? Number(age) : 0);
}
