import type { PostgresSettings } from '../database-settings.ts';
import { foreignSchema, type StoreFailure } from '../failure.ts';
import { needsReconnecting, postgresFailure } from './failure.ts';
import { openSession } from './open-session.ts';
import type { OwnSchema } from './own-schema.ts';
import { foreignIn } from './schema-objects.ts';
import type { PostgresSession } from './session.ts';

interface Kept {
  readonly database: PostgresSettings;
  /** Without it nothing is compared. */
  readonly own?: OwnSchema | undefined;
}

/** One connection of a thread, made at its first use, and anew at the next one after it was lost. */
export class KeptSession {
  readonly #kept: Kept;
  #session: PostgresSession | undefined;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  /** Rejects with a `StoreFailure`, of condition `foreign_schema` where the schema is another than this version's. */
  async open(): Promise<PostgresSession> {
    if (this.#session && !this.#session.lost) return this.#session;
    await this.close();
    const session = await openSession(this.#kept.database);
    try {
      await this.#refuseForeign(session);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** After any failure: a server that is no primary any more does not become one. */
  recover(error: unknown): StoreFailure {
    if (needsReconnecting(error)) void this.close();
    return postgresFailure(error);
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  async #refuseForeign(session: PostgresSession): Promise<void> {
    const { own } = this.#kept;
    const foreign = own && (await foreignIn(session, own));
    if (foreign !== undefined) throw foreignSchema(foreign);
  }
}
