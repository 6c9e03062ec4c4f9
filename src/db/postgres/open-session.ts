import type { PostgresSettings } from '../database-settings.ts';
import { connect } from './connect.ts';
import { readAddress } from './connection-string.ts';
import type { OwnSchema } from './own-schema.ts';
import { readPosition } from './position.ts';
import { ReachedServer } from './reached-server.ts';
import type { PostgresSession } from './session.ts';

/** What a thread is told that has a connection of its own. */
export interface PostgresThread {
  readonly database: PostgresSettings;
  /** Of `ReachedServer`. */
  readonly reached: SharedArrayBuffer;
}

/** What a thread is told whose work rests on the schema. */
export interface PostgresGround extends PostgresThread {
  readonly own: OwnSchema;
  /** Of `SchemaFlag`. */
  readonly changed: SharedArrayBuffer;
}

export interface OpenedSession {
  readonly session: PostgresSession;
  readonly timeline: number;
}

/**
 * Connects to the primary, as the file has it by now: a password that was changed takes no restart. `invalid_config` for
 * a file that cannot be read; a `StoreFailure` where there is no connection, or one to another server than before.
 */
export async function openSession({ database, reached }: PostgresThread): Promise<OpenedSession> {
  const session = await connect(readAddress(database));
  try {
    const found = await readPosition(session);
    const timeline = new ReachedServer(reached).take(found);
    return { session, timeline };
  } catch (error) {
    await session.close();
    throw error;
  }
}
