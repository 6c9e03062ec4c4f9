import { doubtOf, prove } from './proof.ts';
import type { Durability } from './requirements.ts';
import type { PostgresSession } from './session.ts';

/** A logged write with a commit of its own, in no table. */
const LOGGED_WRITE = `select pg_logical_emit_message(true, 'keyward', 'barrier')`;

/**
 * Believes an absence: a server that can still commit on its standbys was the primary when it was asked, so what it did
 * not know then was not there. One that was replaced cannot.
 */
export class Barrier {
  readonly #session: Pick<PostgresSession, 'query'>;
  readonly #durability: Durability;
  #running: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;

  /** The session has to be one to the server that was asked; what is sent behind a barrier waits for it. */
  constructor(session: Pick<PostgresSession, 'query'>, durability: Durability) {
    this.#session = session;
    this.#durability = durability;
  }

  /**
   * Whether the server has committed something since this call, on as many standbys as configured. Those who come while one
   * is under way share the next. Rejects with a `StoreFailure`.
   */
  pass(): Promise<boolean> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#startNext(),
      () => this.#startNext(),
    );
    return this.#next;
  }

  #startNext(): Promise<boolean> {
    this.#next = undefined;
    return this.#start();
  }

  #start(): Promise<boolean> {
    const running = this.#write().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #write(): Promise<boolean> {
    const [written, isProven] = await Promise.all([
      this.#session.query(LOGGED_WRITE),
      prove(this.#session, this.#durability),
    ]);
    return isProven && doubtOf(written) === undefined;
  }
}
