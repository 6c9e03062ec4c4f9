import { REFUSAL_REASONS, type RefusalReason } from '../kernel/verification.ts';
import { RecentSet } from '../lib/recent-set.ts';
import { parseStrictObject } from '../token/strict-json.ts';
import { messageOf, type ReportProblem, ServiceFailure, VerifierUnavailable } from './errors.ts';
import type { Service } from './service.ts';
import { backoffMs, pause, type Surroundings } from './time.ts';

const reasons: readonly unknown[] = REFUSAL_REASONS;
/** Past it, callers are told at once that there is no verdict. */
const MOST_AT_ONCE = 64;

/** The service's own word on a token, for what a verifier cannot know by itself. */
export class VerdictService {
  readonly #service: Service;
  readonly #scope: string;
  #underWay = 0;

  constructor(service: Service, scope: string) {
    this.#service = service;
    this.#scope = scope;
  }

  /** Why the service refuses the token, or `valid`. `VerifierUnavailable` where it does not say. */
  async ask(token: string): Promise<RefusalReason | 'valid'> {
    if (this.#underWay >= MOST_AT_ONCE) throw new VerifierUnavailable('too many tokens wait for the service');
    this.#underWay += 1;
    try {
      const { text } = await this.#service.call({
        method: 'POST',
        path: `v1/scopes/${this.#scope}/verify`,
        body: { token },
        accept: ['application/json'],
        maxBytes: 64 * 1024,
        deadlineMs: 5_000,
      });
      return verdictIn(text);
    } catch (error) {
      throw new VerifierUnavailable(`the service gave no verdict: ${messageOf(error)}`, { cause: error });
    } finally {
      this.#underWay -= 1;
    }
  }
}

function verdictIn(text: string): RefusalReason | 'valid' {
  const { valid, reason } = parseStrictObject(text, { maxDepth: 20 });
  if (valid === true) return 'valid';
  if (valid === false && reasons.includes(reason)) return reason as RefusalReason;
  throw new Error('the answer is no verdict');
}

interface SightingDeps {
  readonly service: Service;
  readonly verdicts: VerdictService;
  readonly scope: string;
  /** Which share of the accepted tokens is reported, from 0 to 1. */
  readonly sample: number;
  readonly surroundings: Surroundings;
  readonly reportProblem: ReportProblem;
  /** The service refuses a token that was accepted. */
  readonly onRefused: (sighted: Sighted, reason: RefusalReason) => void;
}

/** A token that was accepted, by the digest of its signing input. */
export interface Sighted {
  readonly digest: string;
  readonly token: string;
  /** Where the service looks for its record. */
  readonly iat: number;
  readonly seenAt: number;
}

const BATCH = 500;
const MOST_WAITING = 10_000;
const MOST_WAITING_CHARACTERS = 32 * 1024 * 1024;
const REMEMBERED = 50_000;
const GATHER_MS = 1_000;
const BACKOFF = { firstMs: 1_000, maxMs: 60_000 };

/**
 * Tells the service in the background which tokens were accepted. One that it does not know is shown to it in full;
 * nothing here delays or fails a verification.
 */
export class Sightings {
  readonly #deps: SightingDeps;
  readonly #waiting = new Map<string, Sighted>();
  readonly #told = new RecentSet(REMEMBERED);
  readonly #closing = new AbortController();
  #characters = 0;
  #sending: Promise<void> | undefined;

  constructor(deps: SightingDeps) {
    this.#deps = deps;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  add({ token, digest, iat }: Omit<Sighted, 'seenAt'>): void {
    const { sample, surroundings } = this.#deps;
    if (this.#closing.signal.aborted || this.#told.has(digest)) return;
    if (sample < 1 && surroundings.random() >= sample) return;
    this.#told.add(digest);
    this.#waiting.set(digest, { digest, token, iat, seenAt: surroundings.clock.nowSeconds() });
    this.#characters += token.length;
    this.#makeRoom();
    this.#sending ??= this.#send();
  }

  /** Sends what waits, once, and takes no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { surroundings, reportProblem } = this.#deps;
    await pause(GATHER_MS * (0.5 + surroundings.random() / 2), this.#closing.signal);
    for (let failures = 0; this.#waiting.size > 0; ) {
      try {
        await this.#sendBatch();
        failures = 0;
      } catch (error) {
        reportProblem({ code: 'sightings_failed', message: messageOf(error), cause: error });
        if (this.#closing.signal.aborted) break;
        await pause(backoffMs(failures, BACKOFF, surroundings.random()), this.#closing.signal);
        failures += 1;
      }
    }
    this.#sending = undefined;
  }

  async #sendBatch(): Promise<void> {
    const { service, scope } = this.#deps;
    const batch = [...this.#waiting.values()].slice(0, BATCH);
    const { text } = await service.call({
      method: 'POST',
      path: `v1/scopes/${scope}/sightings`,
      body: {
        sightings: batch.map(({ digest, seenAt, iat }) => ({
          digest,
          seen_at: seenAt,
          iat: Math.floor(iat),
        })),
      },
      accept: ['application/json'],
      maxBytes: 64 * 1024,
      deadlineMs: 10_000,
    });
    const unknown = unknownIn(text);
    let unanswered: unknown;
    for (const sighted of batch) {
      try {
        if (unknown.has(sighted.digest)) await this.#show(sighted);
        this.#forget(sighted);
      } catch (error) {
        if (!isOfToken(error)) throw error;
        unanswered ??= error;
        this.#postpone(sighted);
      }
    }
    if (unanswered !== undefined) throw unanswered;
  }

  /** One of which the service cannot tell holds up no other. */
  #postpone(sighted: Sighted): void {
    if (this.#waiting.delete(sighted.digest)) this.#waiting.set(sighted.digest, sighted);
  }

  async #show(sighted: Sighted): Promise<void> {
    const verdict = await this.#deps.verdicts.ask(sighted.token);
    if (verdict !== 'valid') this.#deps.onRefused(sighted, verdict);
  }

  #forget({ digest, token }: Sighted): void {
    if (this.#waiting.delete(digest)) this.#characters -= token.length;
  }

  #makeRoom(): void {
    let dropped = 0;
    for (const oldest of this.#waiting.values()) {
      if (this.#waiting.size <= MOST_WAITING && this.#characters <= MOST_WAITING_CHARACTERS) break;
      this.#forget(oldest);
      dropped += 1;
    }
    if (dropped === 0) return;
    this.#deps.reportProblem({
      code: 'sightings_dropped',
      message: `${dropped} accepted tokens are not reported: too many wait`,
    });
  }
}

/** The service is there, and says nothing of that token. */
function isOfToken(error: unknown): boolean {
  const cause = error instanceof VerifierUnavailable ? error.cause : undefined;
  return cause instanceof ServiceFailure && cause.code === 'ledger_unavailable';
}

function unknownIn(text: string): ReadonlySet<unknown> {
  const { unknown } = parseStrictObject(text, { maxDepth: 4 });
  if (!Array.isArray(unknown)) throw new Error('the answer names no digests');
  return new Set(unknown);
}
