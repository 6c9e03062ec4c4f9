import { setTimeout as wait } from 'node:timers/promises';
import { parseStrictObject } from '../token/strict-json.ts';
import { ServiceFailure } from './errors.ts';
import { Service } from './service.ts';
import {
  type CallerClaims,
  type SignedToken,
  type SignerOptions,
  type SignOptions,
  sendableCopy,
} from './signer-options.ts';
import { failureIn, isSafeToRepeat, tokenIn } from './token-answer.ts';

/** Asks for tokens of one key scope. */
export interface Signer {
  /**
   * A token, recorded and verified by the service before it left. `ServiceFailure` with the problem's code where
   * there is none; a `TypeError` for what cannot be sent.
   */
  sign(claims: CallerClaims, options?: SignOptions): Promise<SignedToken>;
}

interface Request {
  readonly json: string;
  readonly endsAt: number;
  readonly resolve: (token: SignedToken) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

const SCOPE_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MOST_WAITING = 10_000;
const MOST_IN_A_BATCH = 500;
const MOST_BATCH_CHARACTERS = 2 * 1024 * 1024;
const MOST_ATTEMPTS = 4;
const CALLS_UNDER_WAY = 4;
/** Timers go no further: past it they fire at once. */
const LONGEST_DEADLINE_MS = 2 ** 31 - 1;
/** Answers to a batch as a whole that one request in it may have caused. */
const SPOILT_BY_ONE: ReadonlySet<number | undefined> = new Set([400, 413, 422]);

/**
 * Keep one for the life of the process: calls of one turn travel as one request over a connection that stays open.
 * A call is repeated only where the service says that no token was made, or was never reached.
 */
export function createSigner(options: SignerOptions): Signer {
  return new TokenSigner(options);
}

class TokenSigner implements Signer {
  readonly #service: Service;
  readonly #path: string;
  readonly #deadlineMs: number;
  #waiting: Request[] = [];
  #underWay = 0;
  /** Those that pause before they are repeated. */
  #pausing = 0;
  #scheduled = false;

  constructor({ url, scope, credential, fetch, deadlineMs = 10_000 }: SignerOptions) {
    if (!SCOPE_ID.test(scope)) throw new TypeError('scope: name one key scope by its id');
    if (!(typeof deadlineMs === 'number' && deadlineMs > 0 && deadlineMs <= LONGEST_DEADLINE_MS)) {
      throw new TypeError(`deadlineMs: use a number of milliseconds, ${LONGEST_DEADLINE_MS} at most`);
    }
    this.#service = new Service({ url, credential, fetch });
    this.#path = `v1/scopes/${scope}/tokens`;
    this.#deadlineMs = deadlineMs;
  }

  async sign(claims: CallerClaims, { ttlSeconds, typ }: SignOptions = {}): Promise<SignedToken> {
    const sent = sendableCopy(claims, 'claims');
    if (!isPlainObject(sent)) throw new TypeError('claims: use an object');
    if (ttlSeconds !== undefined && !(Number.isSafeInteger(ttlSeconds) && ttlSeconds > 0)) {
      throw new TypeError('ttlSeconds: use a whole number above 0');
    }
    if (typ !== undefined && !(typeof typ === 'string' && typ.isWellFormed())) {
      throw new TypeError('typ: use text');
    }
    const json = JSON.stringify({ claims: sent, ttl_seconds: ttlSeconds, typ });
    if (this.#waiting.length + this.#pausing >= MOST_WAITING) {
      throw new ServiceFailure('too many tokens are waited for');
    }
    return await new Promise((resolve, reject) => {
      const endsAt = performance.now() + this.#deadlineMs;
      this.#enqueue({ json, endsAt, resolve, reject, attempts: 0 });
    });
  }

  #enqueue(request: Request): void {
    this.#waiting.push(request);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#underWay < CALLS_UNDER_WAY && this.#waiting.length > 0) {
      this.#underWay += 1;
      void this.#send(this.#take()).finally(() => {
        this.#underWay -= 1;
        this.#flush();
      });
    }
  }

  #take(): Request[] {
    let characters = 0;
    let count = 0;
    for (const { json } of this.#waiting) {
      characters += json.length;
      if (count > 0 && (count === MOST_IN_A_BATCH || characters > MOST_BATCH_CHARACTERS)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #send(requests: Request[]): Promise<void> {
    const [first] = requests;
    if (!first) return;
    if (requests.length === 1) return this.#sendOne(first);
    try {
      const body = `{"requests":[${requests.map(({ json }) => json).join(',')}]}`;
      const { results } = await this.#ask(`${this.#path}/batch`, body, earliest(requests));
      if (!Array.isArray(results) || results.length !== requests.length) {
        throw new ServiceFailure('the answer does not have a result for each request');
      }
      for (const [at, request] of requests.entries()) this.#settle(request, results[at]);
    } catch (error) {
      const spoilt = error instanceof ServiceFailure && SPOILT_BY_ONE.has(error.status);
      if (spoilt) for (const request of requests) await this.#sendOne(request);
      else for (const request of requests) this.#failed(request, error);
    }
  }

  async #sendOne(request: Request): Promise<void> {
    try {
      request.resolve(tokenIn(await this.#ask(this.#path, request.json, request.endsAt)));
    } catch (error) {
      this.#failed(request, error);
    }
  }

  #settle(request: Request, result: unknown): void {
    try {
      const failure = failureIn(result);
      if (failure) this.#failed(request, failure);
      else request.resolve(tokenIn(result));
    } catch (error) {
      request.reject(error);
    }
  }

  async #ask(path: string, body: string, endsAt: number): Promise<Record<string, unknown>> {
    const deadlineMs = Math.ceil(endsAt - performance.now());
    if (deadlineMs <= 0) throw new ServiceFailure('there was no token within the deadline');
    const accept = ['application/json'];
    const maxBytes = 16 * 1024 * 1024;
    const { text } = await this.#service.call({ method: 'POST', path, body, accept, maxBytes, deadlineMs });
    return answerIn(text);
  }

  #failed(request: Request, error: unknown): void {
    request.attempts += 1;
    const pauseMs = isSafeToRepeat(error) ? pauseBefore(request, error) : undefined;
    if (pauseMs === undefined) {
      request.reject(error);
      return;
    }
    this.#pausing += 1;
    void wait(pauseMs).then(() => {
      this.#pausing -= 1;
      this.#enqueue(request);
    });
  }
}

function answerIn(text: string): Record<string, unknown> {
  try {
    return parseStrictObject(text, { maxDepth: 16 });
  } catch (cause) {
    throw new ServiceFailure('the answer is not strict JSON', { cause });
  }
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where the deadline would be over. */
function pauseBefore({ attempts, endsAt }: Request, error: unknown): number | undefined {
  if (attempts >= MOST_ATTEMPTS) return undefined;
  const asked = error instanceof ServiceFailure ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
  const pauseMs = asked + Math.random() * 100 * 2 ** attempts;
  return performance.now() + pauseMs < endsAt ? pauseMs : undefined;
}

function earliest(requests: readonly Request[]): number {
  return Math.min(...requests.map(({ endsAt }) => endsAt));
}
