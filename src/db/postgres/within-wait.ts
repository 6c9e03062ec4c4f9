import type { PostgresSettings } from '../database-settings.ts';
import { openSession } from './open-session.ts';
import type { PostgresSession } from './session.ts';
import { endSyncWait } from './sync-wait.ts';

/** So long a commit may wait for a standby: less than an answer may take, and what waits behind it. */
const COMMIT_WAIT_MS = 2_000;
/** The same where something urgent waits behind it. */
const HURRIED_WAIT_MS = 100;
const LOOK_MS = 25;

/** Whether a wait that begins now is over by then. */
export function waitFromNow(isHurried = () => false): () => boolean {
  const begun = performance.now();
  return () => performance.now() - begun >= (isHurried() ? HURRIED_WAIT_MS : COMMIT_WAIT_MS);
}

/**
 * Settles as what that session was asked does, and ends its wait for a standby after a while. The wait would outlive the
 * connection, and leave one more behind on the server with each connection that is given up.
 */
export async function withinWait<T>(
  database: PostgresSettings,
  { backend }: PostgresSession,
  asked: Promise<T>,
  isOver = waitFromNow(),
): Promise<T> {
  const timer = setInterval(() => {
    if (!isOver()) return;
    clearInterval(timer);
    void endWait(database, backend);
  }, LOOK_MS);
  try {
    return await asked;
  } finally {
    clearInterval(timer);
  }
}

async function endWait(database: PostgresSettings, backend: number): Promise<void> {
  try {
    const session = await openSession(database);
    await endSyncWait(session, backend).finally(() => session.close());
  } catch {
    // The deadline of the answer ends it on this side.
  }
}
