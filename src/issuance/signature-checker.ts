import { Worker } from 'node:worker_threads';
import { KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import { threadOptions } from '../lib/thread-options.ts';
import type { CheckReply, CheckRequest } from './signature-worker.ts';

/** Holds signatures against the published keys (I6), off the event loop. */
export interface SignatureChecker {
  /**
   * Whether the token's signature is that key's. `overloaded` where the thread is lost and nobody can tell,
   * `shutting_down` once closed: a request whose caller hung up may still be at work then.
   */
  check(key: SigningKey, token: string): Promise<boolean>;
  close(): Promise<void>;
}

interface Waiting {
  readonly key: SigningKey;
  readonly token: string;
  readonly settle: PromiseWithResolvers<boolean>;
}

const WORKER = new URL('./signature-worker.ts', import.meta.url);
/** The thread keeps every key it was given; a new one starts with none. */
const MOST_KEYS = 10_000;
/** A full message leaves at once, so that checking goes on beside signing. */
const MESSAGE_SIZE = 16;

/**
 * One thread; the tokens of one turn of the event loop, or as many as fit a message, travel together. Checking one by one on the
 * thread pool costs the event loop as much as parsing the request did.
 */
export function createSignatureChecker(): SignatureChecker {
  let thread: Thread | undefined;
  let turn: Waiting[] = [];
  let closed = false;
  const flush = () => {
    if (turn.length === 0) return;
    if (closed) return refuse(turn.splice(0));
    if (!thread || thread.spent) thread = new Thread();
    thread.ask(turn);
    turn = [];
  };
  return {
    check(key, token) {
      const settle = Promise.withResolvers<boolean>();
      const waiting = turn.push({ key, token, settle });
      if (waiting === 1) setImmediate(flush);
      if (waiting >= MESSAGE_SIZE) flush();
      return settle.promise;
    },
    close: async () => {
      closed = true;
      await thread?.end();
    },
  };
}

function refuse(turn: readonly Waiting[]): void {
  for (const { settle } of turn) {
    settle.reject(
      new KeywardError('shutting_down', 'the service is shutting down', { retryAfterSeconds: 1 }),
    );
  }
}

class Thread {
  readonly #worker = new Worker(WORKER, { ...threadOptions(), name: 'checker', stdout: false });
  readonly #asked: (readonly Waiting[])[] = [];
  readonly #known = new Set<string>();
  #lost: unknown;

  constructor() {
    this.#worker.on('message', (reply: CheckReply) => this.#answer(reply));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#worker.on('exit', (code) => this.#lose(new Error(`the checking thread ended with ${code}`)));
  }

  get spent(): boolean {
    return this.#lost !== undefined || this.#known.size >= MOST_KEYS;
  }

  ask(waiting: readonly Waiting[]): void {
    this.#asked.push(waiting);
    const request: CheckRequest = {
      newKeys: this.#unknown(waiting).map(({ kid, binding, publicKey }) => [
        kid,
        binding.algorithm,
        publicKey,
      ]),
      kids: waiting.map(({ key }) => key.kid),
      tokens: waiting.map(({ token }) => token),
    };
    this.#worker.postMessage(request);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #unknown(waiting: readonly Waiting[]): SigningKey[] {
    const unknown = new Map<string, SigningKey>();
    for (const { key } of waiting) if (!this.#known.has(key.kid)) unknown.set(key.kid, key);
    for (const kid of unknown.keys()) this.#known.add(kid);
    return [...unknown.values()];
  }

  #answer(reply: CheckReply): void {
    for (const [at, { settle }] of (this.#asked.shift() ?? []).entries()) settle.resolve(reply[at] === 1);
  }

  #lose(cause: unknown): void {
    this.#lost ??= cause;
    for (const { settle } of this.#asked.splice(0).flat()) {
      settle.reject(
        new KeywardError('overloaded', 'signatures cannot be checked now; try again', {
          cause,
          retryAfterSeconds: 1,
        }),
      );
    }
  }
}
