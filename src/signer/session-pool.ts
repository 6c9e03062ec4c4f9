import { KeywardError } from '../kernel/errors.ts';
import type { Cryptoki, Handle } from './cryptoki.ts';
import { CryptokiError } from './cryptoki-error.ts';

const MAX_WAITING = 32_768;

/** One session, lent to one user at a time. */
export class Session {
  readonly #cryptoki: Cryptoki;
  readonly #slot: Handle;
  #handle: Handle;

  constructor(cryptoki: Cryptoki, slot: Handle) {
    this.#cryptoki = cryptoki;
    this.#slot = slot;
    this.#handle = cryptoki.openSession(slot);
  }

  get handle(): Handle {
    return this.#handle;
  }

  /** After an error the state of an operation is unknown, so the session goes and another one comes. */
  renew(): void {
    try {
      this.#cryptoki.closeSession(this.#handle);
    } catch (error) {
      // A session that is already gone cannot be closed; any other failure shows when the next one opens.
      if (!(error instanceof CryptokiError)) throw error;
    }
    this.#handle = this.#cryptoki.openSession(this.#slot);
  }

  keepAlive(): void {
    this.#cryptoki.touchSession(this.#handle);
  }
}

/** Sessions that are lent and come back, first come first served. */
export class SessionPool {
  readonly #free: Session[];
  readonly #waiting: ((session: Session) => void)[] = [];

  constructor(sessions: readonly Session[]) {
    this.#free = [...sessions];
  }

  /** `overloaded` when too many wait. */
  async lend<T>(use: (session: Session) => T | Promise<T>): Promise<T> {
    const session = this.#free.pop() ?? (await this.#next());
    try {
      return await use(session);
    } finally {
      this.#takeBack(session);
    }
  }

  /** Only idle sessions: one in use needs no keeping alive, and must not be touched. */
  keepAlive(): void {
    for (const session of this.#free) session.keepAlive();
  }

  #next(): Promise<Session> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new KeywardError('overloaded', 'too many signatures wait', { retryAfterSeconds: 1 });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #takeBack(session: Session): void {
    const next = this.#waiting.shift();
    if (next) next(session);
    else this.#free.push(session);
  }
}
