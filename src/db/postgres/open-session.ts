import type { PostgresSettings } from '../database-settings.ts';
import { connect } from './connect.ts';
import { readAddress } from './connection-string.ts';
import { connectionLost } from './failure.ts';
import type { OwnSchema } from './own-schema.ts';
import { type Position, positionFault, readPosition } from './position.ts';
import type { PostgresSession } from './session.ts';

/** What a thread is told that has a connection of its own. */
export interface PostgresThread {
  readonly database: PostgresSettings;
}

/** What a thread is told whose work rests on the schema. */
export interface PostgresGround extends PostgresThread {
  readonly own: OwnSchema;
  /** Of `SchemaFlag`. */
  readonly changed: SharedArrayBuffer;
}

/** The server that was reached last by the same settings, in this thread. */
const known = new WeakMap<PostgresSettings, Position>();

/**
 * Connects to the primary, as the file has it by now: a password that was changed takes no restart. `invalid_config` for
 * a file that cannot be read; a `StoreFailure` where there is no connection, or one to another server than before.
 */
export async function openSession(database: PostgresSettings): Promise<PostgresSession> {
  const session = await connect(readAddress(database));
  try {
    const found = await readPosition(session);
    const fault = positionFault(found, known.get(database));
    if (fault !== undefined) throw connectionLost(`the server cannot be used: ${fault}`);
    known.set(database, found);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}
