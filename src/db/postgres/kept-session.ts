import { foreignSchema, type StoreFailure } from '../failure.ts';
import { needsReconnecting, postgresFailure } from './failure.ts';
import { type OpenedSession, openSession, type PostgresThread } from './open-session.ts';
import type { OwnSchema } from './own-schema.ts';
import { ReachedServer } from './reached-server.ts';
import { foreignIn } from './schema-objects.ts';
import type { PostgresSession } from './session.ts';

interface Kept extends PostgresThread {
  /** Without it nothing is compared. */
  readonly own?: OwnSchema | undefined;
}

/** One connection of a thread, made at its first use, and anew at the next one after it was lost, or its server replaced. */
export class KeptSession {
  readonly #kept: Kept;
  readonly #reached: ReachedServer;
  #opened: OpenedSession | undefined;

  constructor(kept: Kept) {
    this.#kept = kept;
    this.#reached = new ReachedServer(kept.reached);
  }

  /** Rejects with a `StoreFailure`, of condition `foreign_schema` where the schema is another than this version's. */
  async open(): Promise<PostgresSession> {
    if (this.#opened && !this.#opened.session.lost && !this.isReplaced) return this.#opened.session;
    await this.close();
    const opened = await openSession(this.#kept);
    try {
      await this.#refuseForeign(opened.session);
    } catch (error) {
      await opened.session.close();
      throw error;
    }
    this.#opened = opened;
    return opened.session;
  }

  /** Whether any thread has seen by now that the server was replaced. */
  get isReplaced(): boolean {
    return this.#opened !== undefined && this.#reached.isReplaced(this.#opened.timeline);
  }

  /** After any failure: a server that is no primary any more does not become one. */
  recover(error: unknown): StoreFailure {
    if (needsReconnecting(error)) void this.close();
    return postgresFailure(error);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.session.close();
  }

  async #refuseForeign(session: PostgresSession): Promise<void> {
    const { own } = this.#kept;
    const foreign = own && (await foreignIn(session, own));
    if (foreign !== undefined) throw foreignSchema(foreign);
  }
}
