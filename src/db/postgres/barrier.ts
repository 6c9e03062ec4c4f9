import type { PostgresSettings } from '../database-settings.ts';
import { proveCommit } from './proof.ts';
import type { PostgresSession } from './session.ts';

export async function raiseBarrier(session: PostgresSession, database: PostgresSettings): Promise<void> {
  await session.query('update barriers set number = number + 1 where slot = 1');
  await proveCommit(session, database);
}
