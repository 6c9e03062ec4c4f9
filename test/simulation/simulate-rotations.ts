import { KeywardError } from '../../src/kernel/errors.ts';
import type { IssuedToken } from '../../src/kernel/issuance.ts';
import type { SigningKey } from '../../src/kernel/key.ts';
import { propagationSeconds, type ScopePolicy } from '../../src/kernel/policy.ts';
import type { PublishedDocument } from '../../src/kernel/publication.ts';
import type { Scope } from '../../src/kernel/scope.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { CachingVerifier } from './caching-verifier.ts';
import { forgedTokens } from './forged-tokens.ts';
import type { MovableClock } from './movable-clock.ts';
import { REFRESH_HABIT_NAMES, REFRESH_HABITS } from './refresh-habits.ts';

/** One scope of a service that lives by the clock it is given. */
export interface RehearsedService {
  readonly scope: Scope;
  keys(): readonly SigningKey[];
  /** Does all that is due. */
  tend(): Promise<void>;
  /** The first second, up to `until`, in which something is due; `until` where nothing is. */
  nextDue(until: number): number;
  keySet(): PublishedDocument;
  issue(): Promise<IssuedToken>;
  /** What somebody with a copy of the private half could sign: a compact JWS. */
  signAsThief(key: SigningKey, claims: Readonly<Record<string, unknown>>): string;
}

export interface SimulationOptions {
  readonly service: RehearsedService;
  readonly clock: MovableClock;
  readonly seconds: number;
  readonly seed: number;
  /** By how much what is due may be late, now and then. */
  readonly latenessSeconds: number;
  /** What verifiers keep to, where it is not the policy of the scope. */
  readonly verifierPolicy?: ScopePolicy;
}

/** What should not have been. */
export interface Mishap {
  readonly at: number;
  readonly verifier: string | null;
  readonly what: string;
}

export interface SimulationReport {
  readonly from: number;
  readonly until: number;
  readonly rotations: number;
  readonly keySets: number;
  readonly issued: number;
  /** Good tokens shown to verifiers, and tokens shown that are dated outside their key's window or live too long. */
  readonly goodShown: number;
  readonly badShown: number;
  readonly refusedGood: readonly Mishap[];
  readonly acceptedBad: readonly Mishap[];
  readonly notIssued: readonly Mishap[];
  /** The longest that each went by a key set that was not the newest, in seconds. */
  readonly longestBehind: Readonly<Record<string, number>>;
}

/** Long enough that nothing is missed: what happens in between is due at a moment of its own. */
const CALM_STEP = 6 * 3_600;
/** Looks between a change of the key set and the time when nobody can go by the one before it. */
const CLOSE_LOOKS = 12;
const A_DAY = 86_400;
const LATE_RATE = 0.3;

/** Lives through the time, and holds each token against verifiers that cache as badly as the policy lets them. */
export function simulateRotations(options: SimulationOptions): Promise<SimulationReport> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #verifiers: readonly CachingVerifier[];
  #waiting: readonly { readonly at: number; readonly token: IssuedToken }[] = [];
  readonly #refusedGood: Mishap[] = [];
  readonly #acceptedBad: Mishap[] = [];
  readonly #notIssued: Mishap[] = [];
  readonly #behind = new Map<string, number>();
  #counts = { rotations: 0, keySets: 1, issued: 0, goodShown: 0, badShown: 0 };
  #changedAt: number;
  #published: PublishedDocument | undefined;
  #lateUntil = 0;
  #stepAt = 0;

  constructor(options: SimulationOptions) {
    const { service, clock, seed } = options;
    this.#options = options;
    this.#random = seededRandom(seed);
    this.#changedAt = clock.nowSeconds();
    const { verifierPolicy: policy = service.scope.policy } = options;
    const ahead = [policy.clockSkewSeconds, -policy.clockSkewSeconds, 0];
    this.#verifiers = REFRESH_HABIT_NAMES.map((name, at) => {
      const refreshing = REFRESH_HABITS[name](policy, this.#random);
      return new CachingVerifier({ name, scope: service.scope, refreshing, aheadSeconds: ahead[at] ?? 0 });
    });
  }

  async run(): Promise<SimulationReport> {
    const { clock, seconds } = this.#options;
    const from = clock.nowSeconds();
    const until = from + seconds;
    for (let now = from; now < until; now = clock.nowSeconds()) {
      await this.#live(now);
      clock.moveTo(Math.min(until, this.#next(now)));
    }
    return {
      from,
      until,
      ...this.#counts,
      refusedGood: this.#refusedGood,
      acceptedBad: this.#acceptedBad,
      notIssued: this.#notIssued,
      longestBehind: Object.fromEntries(this.#behind),
    };
  }

  async #live(now: number): Promise<void> {
    const offer = await this.#tended(now);
    for (const verifier of this.#verifiers) {
      verifier.look(now, offer);
      const behind = verifier.etag === offer.after.etag ? 0 : now - this.#changedAt;
      this.#behind.set(verifier.name, Math.max(this.#behind.get(verifier.name) ?? 0, behind));
    }
    if (now >= this.#stepAt) {
      await this.#issue(now);
      this.#showBad(now);
    }
    this.#showGood(now);
  }

  async #tended(now: number): Promise<{ before: PublishedDocument; after: PublishedDocument }> {
    const { service } = this.#options;
    const before = this.#published ?? service.keySet();
    const signing = activeKid(service.keys());
    if (now >= this.#lateUntil) await service.tend();
    const after = service.keySet();
    this.#published = after;
    if (signing !== activeKid(service.keys())) this.#counts.rotations += 1;
    if (before.etag !== after.etag) {
      this.#counts.keySets += 1;
      this.#changedAt = now;
    }
    return { before, after };
  }

  /** A token is shown when it is new, in the middle of its life, and in its last second. */
  async #issue(now: number): Promise<void> {
    try {
      const token = await this.#options.service.issue();
      this.#counts.issued += 1;
      const { iat, exp } = token;
      for (const at of [now, Math.floor((iat + exp) / 2), exp - 1])
        this.#waiting = [...this.#waiting, { at, token }];
    } catch (error) {
      if (!(error instanceof KeywardError)) throw error;
      this.#notIssued.push({ at: now, verifier: null, what: error.code });
    }
  }

  #showGood(now: number): void {
    const due = this.#waiting.filter(({ at }) => at <= now);
    this.#waiting = this.#waiting.filter(({ at }) => at > now);
    for (const { token } of due) {
      for (const verifier of this.#verifiers) {
        this.#counts.goodShown += 1;
        const reason = verifier.refusalOf(token.token, now);
        if (reason) this.#refusedGood.push({ at: now, verifier: verifier.name, what: reason });
      }
    }
  }

  /** One for each key of late: they take turns. */
  #showBad(now: number): void {
    const { service } = this.#options;
    const late = service.keys().filter(({ times }) => (times.destroyed ?? now) + A_DAY > now);
    for (const key of late.toSorted(byWindow)) {
      const forged = forgedTokens(key, service.scope, now);
      const one = forged[Math.floor(this.#random() * forged.length)];
      if (!one) continue;
      const token = service.signAsThief(key, one.claims);
      for (const verifier of this.#verifiers) {
        this.#counts.badShown += 1;
        if (verifier.refusalOf(token, now) !== undefined) continue;
        this.#acceptedBad.push({ at: now, verifier: verifier.name, what: one.name });
      }
    }
  }

  #next(now: number): number {
    const { service, latenessSeconds } = this.#options;
    const { policy } = service.scope;
    if (now >= this.#stepAt) {
      const settling = settlingSeconds(policy);
      const close = now - this.#changedAt < settling;
      this.#stepAt = now + (close ? Math.ceil(settling / CLOSE_LOOKS) : CALM_STEP);
    }
    const shown = Math.min(this.#stepAt, ...this.#waiting.map(({ at }) => at));
    if (now < this.#lateUntil) return Math.min(shown, this.#lateUntil);
    const due = service.nextDue(shown);
    if (due >= shown) return shown;
    if (this.#random() < LATE_RATE) this.#lateUntil = due + Math.floor(this.#random() * latenessSeconds);
    // Tokens are made and shown on both sides of every change.
    this.#stepAt = due;
    return due;
  }
}

/** From a change on until no verifier can hold the set before it, and no token can be older than it. */
function settlingSeconds(policy: ScopePolicy): number {
  return propagationSeconds(policy) + policy.maxTtlSeconds + policy.clockSkewSeconds;
}

/** Not by `kid`, which is another each time. */
function byWindow(a: SigningKey, b: SigningKey): number {
  return a.createdAt - b.createdAt || a.signUntil - b.signUntil;
}

function activeKid(keys: readonly SigningKey[]): string | undefined {
  return keys.find(({ state }) => state === 'active')?.kid;
}
