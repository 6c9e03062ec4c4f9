import type { RefusalReason } from '../kernel/verification.ts';
import { RecentSet } from '../lib/recent-set.ts';
import { parseStrictObject } from '../token/strict-json.ts';
import { pause } from './pause.ts';
import { messageOf, type TellProblem } from './problem.ts';
import type { Service } from './service.ts';
import { backoffMs, type Surroundings } from './time.ts';
import type { VerdictService } from './verdict-service.ts';

export interface SightingParts {
  readonly service: Service;
  readonly verdicts: VerdictService;
  readonly scope: string;
  /** Which share of the accepted tokens is reported, from 0 to 1. */
  readonly sample: number;
  readonly surroundings: Surroundings;
  readonly tellProblem: TellProblem;
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
  readonly #parts: SightingParts;
  readonly #waiting = new Map<string, Sighted>();
  readonly #told = new RecentSet(REMEMBERED);
  readonly #closing = new AbortController();
  #characters = 0;
  #sending: Promise<void> | undefined;

  constructor(parts: SightingParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  add({ token, digest, iat }: Omit<Sighted, 'seenAt'>): void {
    const { sample, surroundings } = this.#parts;
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
    const { surroundings, tellProblem } = this.#parts;
    await pause(GATHER_MS * (0.5 + surroundings.random() / 2), this.#closing.signal);
    for (let failures = 0; this.#waiting.size > 0; ) {
      try {
        await this.#sendBatch();
        failures = 0;
      } catch (error) {
        tellProblem({ code: 'sightings_failed', message: messageOf(error), cause: error });
        if (this.#closing.signal.aborted) break;
        await pause(backoffMs(failures, BACKOFF, surroundings.random()), this.#closing.signal);
        failures += 1;
      }
    }
    this.#sending = undefined;
  }

  async #sendBatch(): Promise<void> {
    const { service, scope } = this.#parts;
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
    for (const sighted of batch) {
      if (unknown.has(sighted.digest)) await this.#show(sighted);
      this.#forget(sighted);
    }
  }

  async #show(sighted: Sighted): Promise<void> {
    const verdict = await this.#parts.verdicts.ask(sighted.token);
    if (verdict !== 'valid') this.#parts.onRefused(sighted, verdict);
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
    this.#parts.tellProblem({
      code: 'sightings_dropped',
      message: `${dropped} accepted tokens are not reported: too many wait`,
    });
  }
}

function unknownIn(text: string): ReadonlySet<unknown> {
  const { unknown } = parseStrictObject(text, { maxDepth: 4 });
  if (!Array.isArray(unknown)) throw new Error('the answer names no digests');
  return new Set(unknown);
}
